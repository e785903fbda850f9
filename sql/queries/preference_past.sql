-- Users who went back to the defaults longer ago than $1, $2 at most. Moments as in preference_of_shards.
select user_id, (extract(epoch from least(greatest(changed_at, timestamptz 'epoch'), now() + interval '1 day')) * 1000000)::bigint
from preference where content = '{}' and changed_at < now() - $1::interval order by changed_at limit $2;
