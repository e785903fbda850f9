insert into approval (alert_id, revision, name) values ($1, $2, $3);
