-- The alerts, with their cases, whose notice of their end is held, unless who said that end was revoked.
select a.id, c.authority_id || ' ' || c.case_number as case_name
from alert a join child_case c on c.id = a.case_id
where a.state in ('found', 'cancelled') and a.distrusted_at is null
  and exists (select from sweep s where s.alert_id = a.id and s.version = a.version and s.due_at = 'infinity')
order by a.id limit $1;
