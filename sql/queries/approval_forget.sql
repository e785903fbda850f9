delete from approval where alert_id = $1 and revision = $2;
