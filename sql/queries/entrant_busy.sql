-- Those of these shards ($3) of alerts ($2) that a sweep of the lane ($1) is working on now: whom it found, and is about
-- to notify, is not known here, unless it is this process's ($4) and its search is over.
select distinct p.alert_id, p.shard
from unnest($2::uuid[], $3::smallint[]) as p(alert_id, shard)
join sweep s on s.alert_id = p.alert_id and s.notice = 'alert' and s.lane = $1 and s.open
join sweep_unit u on u.sweep_id = s.id and u.shard_from <= p.shard and u.shard_to > p.shard
where not u.done and u.lease_until > now() and not (u.searched and u.lease_owner = $4);
