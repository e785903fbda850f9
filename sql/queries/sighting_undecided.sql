-- How many sightings of an alert nobody has decided, whether the search goes on or not.
select coalesce((select count from sighting_total where alert_id = $1 and state = 'new'), 0);
