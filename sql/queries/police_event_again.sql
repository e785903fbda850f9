-- Sends a dead event again, for a day from now on.
update police_event set dead_at = null, created_at = clock_timestamp(), try_at = clock_timestamp(), attempts = 0, error = null
where id = $2 and authority_id = $1 and dead_at is not null and delivered_at is null
  and exists (select from authority_endpoint where authority_id = $1)
returning id;
