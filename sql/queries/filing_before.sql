-- The time by the record's clock, and the answer to an earlier webhook of this id ($2); without one its columns are null.
select clock_timestamp(), r.body_digest, r.answer_status, r.answer
from (values (1)) one left join webhook_receipt r on r.authority_id = $1 and r.webhook_id = $2;
