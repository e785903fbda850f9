-- How many sightings of an alert are in which state.
select case when t.state = 'new' and search_is_over(a.state) then 'closed' else t.state end, t.count
from sighting_total t join alert a on a.id = t.alert_id
where t.alert_id = $1 and t.count > 0;
