select person_id, name from counted_approval where alert_id = $1 and revision = $2 order by at, name;
