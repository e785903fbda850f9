select alert_id, kind, digest from cap_message
where authority_id = $1 and sender = $2 and identifier = $3 and sent = $4;
