-- Alerts with sightings that nobody has decided, while the search goes on: how many, and since when the oldest waits.
select t.alert_id, t.count,
       (select min(s.received_at) from sighting s where s.alert_id = t.alert_id and s.state = 'new') as oldest_at
from sighting_total t join alert a on a.id = t.alert_id
where t.state = 'new' and t.count > 0 and not search_is_over(a.state)
order by 1 limit $1;
