select ring from ring where alert_id = $1 and held is not null order by ring;
