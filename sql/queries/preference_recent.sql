-- What users prefer since $1, in order from behind ($2, $3) on, $4 at most. Moments as in preference_of_shards.
select changed_at, user_id, (extract(epoch from least(greatest(changed_at, timestamptz 'epoch'), now() + interval '1 day')) * 1000000)::bigint, content
from preference
where changed_at > now() - $1::interval and (changed_at, user_id) > ($2::timestamptz, $3::bigint)
order by changed_at, user_id limit $4;
