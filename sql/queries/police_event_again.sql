-- Sends a dead event again, for a day from now on.
update police_event e
set dead_at = null, created_at = clock_timestamp(), try_at = clock_timestamp(), attempts = 0, error = null, endpoint = o.id,
    rank = 0
from authority_endpoint o
where e.id = $2 and e.authority_id = $1 and o.authority_id = $1 and e.dead_at is not null and e.delivered_at is null
returning e.id;
