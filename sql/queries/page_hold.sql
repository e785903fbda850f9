-- Goes on holding a page that was held until $2, for $3 from now on, and says what is wanted of it now; no row: another
-- publisher has it. `lives`: as page_read has it.
update page p set held_until = clock_timestamp() + $3::interval
from alert a
where p.alert_id = $1 and p.held_until = $2 and a.id = p.alert_id
returning p.held_until, p.wanted,
          a.state in ('sending', 'sent', 'paused') and a.expires > clock_timestamp() and a.child_deleted_at is null as lives;
