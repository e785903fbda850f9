-- Goes on holding a page that was held until $2, for $3 from now on, and says what is wanted of it now; no row: another
-- publisher has it. `lives`: it says who is missing.
update page p set held_until = clock_timestamp() + $3::interval
from alert a
where p.alert_id = $1 and p.held_until = $2 and a.id = p.alert_id
returning p.held_until, p.wanted,
          page_lives(a.state, a.expires, a.child_deleted_at, a.distrusted_at) as lives;
