-- What the authority of an alert was told of it, the newest first.
select id, alert_id, sighting_id, event, created_at, try_at, attempts, delivered_at, dead_at, status, error
from police_event where alert_id = $1
order by created_at desc, id limit $2;
