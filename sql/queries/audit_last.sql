select seq, digest, content from audit_event order by seq desc limit 1;
