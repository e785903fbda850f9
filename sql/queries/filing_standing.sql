-- What stands in the way of a filing: the answer to an earlier webhook of this id ($2), and the case of this number ($3)
-- with its alert. The columns of what is not there are null.
select r.body_digest, r.answer_status, r.answer, c.content_digest, a.id as alert_id
from (values (1)) one
left join webhook_receipt r on r.authority_id = $1 and r.webhook_id = $2
left join (child_case c join alert a on a.case_id = c.id) on c.authority_id = $1 and c.case_number = $3;
