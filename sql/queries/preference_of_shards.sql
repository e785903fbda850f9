-- What users of the shards $1 prefer, in order from behind ($2, $3) on, $4 at most. A moment that no number holds is taken
-- as the latest that a clock which was set wrong would give.
select shard, user_id, (extract(epoch from least(greatest(changed_at, timestamptz 'epoch'), now() + interval '1 day')) * 1000000)::bigint, content
from preference where shard = any($1::smallint[]) and (shard, user_id) > ($2::smallint, $3::bigint)
order by shard, user_id limit $4;
