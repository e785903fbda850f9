update police_event set delivered_at = clock_timestamp(), dead_at = null, status = $2, error = null
where id = $1 and delivered_at is null;
