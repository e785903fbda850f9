update alarm set acknowledged_at = now(), acknowledged_by = $2, note = $3 where id = any($1::uuid[]) returning acknowledged_at;
