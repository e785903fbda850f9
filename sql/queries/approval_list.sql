select name from approval where alert_id = $1 and revision = $2 order by at, name;
