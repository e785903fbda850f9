insert into audit_event (seq, alert_id, content, digest) values ($1, $2, $3, $4);
