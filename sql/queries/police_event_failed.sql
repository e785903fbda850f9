-- Tried again after $4, unless that is more than $5 after it was written, or will never be taken ($6): then it is dead.
-- What died meanwhile, because its endpoint was removed, stays so.
update police_event
set status = $2, error = $3, try_at = clock_timestamp() + $4::interval,
    dead_at = case when $6::boolean or clock_timestamp() + $4::interval > created_at + $5::interval then clock_timestamp() end
where id = $1 and delivered_at is null and dead_at is null;
