-- What the authority itself proposed.
delete from proposal where alert_id = $1 and by like 'authority %' returning revision;
