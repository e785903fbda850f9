-- The sightings of one stack ($2) of an alert ($1), the first of them first; at most $3.
select s.id, s.alert_id, s.receipt, s.received_at, case when closed then 'closed' else s.state end as state, s.seen_at,
       s.longitude, s.latitude, s.accuracy_m, s.distance_km, s.content, s.stack, s.proved, s.revision,
       case when closed then 'system' else s.decided_by end as decided_by,
       case when closed then a.ended_at else s.decided_at end as decided_at, s.duplicate_of,
       1::bigint as alike
from sighting s join alert a on a.id = s.alert_id cross join lateral (select s.state = 'new' and search_is_over(a.state)) o (closed)
where s.alert_id = $1 and s.stack = $2
order by s.received_at, s.id limit $3;
