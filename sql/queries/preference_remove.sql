-- Removes the rows of users ($1) who went back to the defaults longer ago than $2, and said nothing since.
with chosen as (
    select user_id from preference
    where user_id = any($1::bigint[]) and content = '{}' and changed_at < now() - $2::interval
    order by user_id for update
)
delete from preference p using chosen c where p.user_id = c.user_id;
