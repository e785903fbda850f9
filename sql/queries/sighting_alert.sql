-- The alert of a page's code ($1), where it has not lost the child's data: its place, and whether it is over for good. Held
-- so that its deletion waits for who takes a sighting in.
select a.id, a.longitude, a.latitude, a.state, c.authority_id
from page p join alert a on a.id = p.alert_id join child_case c on c.id = a.case_id
where p.code = $1 and a.child_deleted_at is null
for key share of a;
