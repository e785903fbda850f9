-- Which rows of the ledger have whom a lane ($3) need not notify in these shards ($2) of alerts ($1): each row once, by its
-- key. A row has others among them.
-- A shard is looked up between the rows that may reach into it: those of at most 16 shards begin at most 15 before it, and
-- wider ones have an index of their own. So what it costs follows the rows that are found, not those of the alert.
select distinct l.alert_id, l.shard_from, l.batch_id, l.outcome
from unnest($1::uuid[], $2::smallint[]) as p(alert_id, shard)
cross join lateral (
    select * from (
        select n.alert_id, n.shard_from, n.batch_id, n.outcome, n.lane, n.at from ledger n
        where n.alert_id = p.alert_id and n.notice = 'alert' and n.shard_from > p.shard - 16 and n.shard_from <= p.shard
          and n.shard_to > p.shard and n.shard_to - n.shard_from <= 16
        union all
        select w.alert_id, w.shard_from, w.batch_id, w.outcome, w.lane, w.at from ledger w
        where w.alert_id = p.alert_id and w.notice = 'alert' and w.shard_from <= p.shard
          and w.shard_to > p.shard and w.shard_to - w.shard_from > 16
    ) around
    -- Each shard by itself: joined to all of them at once, the ledger would be read from its beginning.
    offset 0
) l
where l.outcome <> 'indeterminate'
  and not (l.outcome in ('invalid', 'quarantined') and l.lane <> $3)
  and not (l.outcome = 'invalid' and l.at < now() - $4::interval);
