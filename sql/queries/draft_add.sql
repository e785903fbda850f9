insert into draft (alert_id, source) values ($1, $2);
