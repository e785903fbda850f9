delete from proposal where alert_id = $1 returning revision;
