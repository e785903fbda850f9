select seq, alert_id, content, digest from audit_event where seq > $1 order by seq limit $2;
