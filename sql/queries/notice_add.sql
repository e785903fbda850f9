insert into notice (alert_id, version, notice, at) values ($1, 1, 'alert', $2);
