select name from approval where alert_id = $1 order by at, name;
