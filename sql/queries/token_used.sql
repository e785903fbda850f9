-- The use of a token ($1), unless one was noted within $2. Nobody waits for who has its row.
update bearer_token set last_used_at = now()
where id = (select id from bearer_token where id = $1 and (last_used_at is null or last_used_at < now() - $2::interval)
            for no key update skip locked);
