-- Sightings of an alert ($1) in a state ($2), one of each stack: the first of it in this state; the newest first. $3 of them after
-- $4. With how many of the stack are in this state.
select s.id, s.alert_id, s.receipt, s.received_at, s.state, s.seen_at, s.longitude, s.latitude, s.accuracy_m, s.distance_km,
       s.content, s.stack, s.proved, s.revision, s.decided_by, s.decided_at, s.duplicate_of,
       (select count(*) from sighting t where t.stack = s.stack and t.state = $2) as alike
from sighting s
where s.alert_id = $1 and s.state = $2
  and not exists (select from sighting t where t.stack = s.stack and t.state = $2
                  and (t.received_at, t.id) < (s.received_at, s.id))
order by s.received_at desc, s.id
limit $3 offset $4;
