delete from approval where alert_id = $1;
