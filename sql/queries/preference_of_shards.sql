-- What users of the shards $1 prefer, in order from behind ($2, $3) on, $4 at most.
select shard, user_id, (extract(epoch from changed_at) * 1000000)::bigint, content
from preference where shard = any($1::smallint[]) and (shard, user_id) > ($2::smallint, $3::bigint)
order by shard, user_id limit $4;
