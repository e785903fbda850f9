select seq, alert_id, content, digest from audit_event where alert_id = $1 and seq > $2 order by seq limit $3;
