-- Events of an authority, the newest first, or only those that nobody took ($2).
select id, alert_id, sighting_id, event, created_at, try_at, attempts, delivered_at, dead_at, status, error
from police_event where authority_id = $1 and (not $2::boolean or dead_at is not null)
order by created_at desc, id limit $3;
