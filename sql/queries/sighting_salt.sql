-- The salt of the keys of what strangers saw of an alert; null once the child's data is deleted.
select sighting_salt from page where alert_id = $1;
