-- How many sightings of an alert are in which state.
select state, count(*) from sighting where alert_id = $1 group by state;
