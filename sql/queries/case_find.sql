select c.content_digest, a.id as alert_id
from child_case c join alert a on a.case_id = c.id
where c.authority_id = $1 and c.case_number = $2;
