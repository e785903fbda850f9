-- Alerts with sightings that nobody has decided: how many, and since when the oldest waits.
select alert_id, count(*), min(received_at) from sighting where state = 'new' group by alert_id order by 1 limit $1;
