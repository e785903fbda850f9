select seq, digest, (content::jsonb ->> 'at')::timestamptz as at from audit_event order by seq desc limit 1;
