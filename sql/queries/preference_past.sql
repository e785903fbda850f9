-- Users who went back to the defaults longer ago than $1, $2 at most.
select user_id, (extract(epoch from changed_at) * 1000000)::bigint
from preference where content = '{}' and changed_at < now() - $1::interval order by changed_at limit $2;
