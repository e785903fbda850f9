-- The sightings of one stack ($2) of an alert ($1), the first of them first; at most $3.
select s.id, s.alert_id, s.receipt, s.received_at, s.state, s.seen_at, s.longitude, s.latitude, s.accuracy_m, s.distance_km,
       s.content, s.stack, s.proved, s.revision, s.decided_by, s.decided_at, s.duplicate_of, 1::bigint as alike
from sighting s where s.alert_id = $1 and s.stack = $2
order by s.received_at, s.id limit $3;
