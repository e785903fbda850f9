select digest from audit_event where seq = $1;
