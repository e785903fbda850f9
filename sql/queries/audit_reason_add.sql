insert into audit_reason (seq, alert_id, salt, reason) values ($1, $2, $3, $4);
