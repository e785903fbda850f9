-- Sightings of an alert ($1) in a state ($2), one of each stack: the first of it in this state; the newest first. $3 of them
-- after $4. With how many of the stack are in this state. `closed`: that nobody had decided when the search was over.
select s.id, s.alert_id, s.receipt, s.received_at, $2 as state, s.seen_at, s.longitude, s.latitude, s.accuracy_m,
       s.distance_km, s.content, s.stack, s.proved, s.revision,
       case when $2 = 'closed' then 'system' else s.decided_by end as decided_by,
       case when $2 = 'closed' then (select a.ended_at from alert a where a.id = $1) else s.decided_at end as decided_at,
       s.duplicate_of,
       (select count(*) from sighting t where t.stack = s.stack and t.state = s.state) as alike
from sighting s
where s.alert_id = $1 and s.state = case when $2 = 'closed' then 'new' else $2 end
  and ($2 not in ('new', 'closed') or ($2 = 'closed') = (select search_is_over(a.state) from alert a where a.id = $1))
  and not exists (select from sighting t where t.stack = s.stack and t.state = s.state
                  and (t.received_at, t.id) < (s.received_at, s.id))
order by s.received_at desc, s.id
limit $3 offset $4;
