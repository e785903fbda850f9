-- The alert of a page's code ($1): its place, whether the search is over, whose it is, whether the child's data is deleted, and
-- the salt of its keys. Held so that its deletion waits for who takes a sighting in; what ends or reopens it does not wait.
select a.id, a.longitude, a.latitude, search_is_over(a.state), c.authority_id, a.child_deleted_at is not null, p.sighting_salt
from page p join alert a on a.id = p.alert_id join child_case c on c.id = a.case_id
where p.code = $1
for key share of a;
