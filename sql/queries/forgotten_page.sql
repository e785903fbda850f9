-- Who was forgotten, and when (ms), by user from behind $1 on, $2 at most. Moments as in preference_of_shards.
select user_id, (extract(epoch from least(greatest(at, timestamptz 'epoch'), now() + interval '1 day')) * 1000)::bigint
from forgotten_user where user_id > $1 order by user_id limit $2;
