update alert set recipients_deleted_at = coalesce(recipients_deleted_at, now()) where id = $1;
