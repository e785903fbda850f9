-- Whom the ledger has as settled in these shards ($2) of alerts ($1), for a lane ($3): each row once, by its key, and
-- without its recipients where they are known ($5). A row has others among them.
select l.alert_id, l.batch_id # l.shard_from::bigint as key, l.outcome,
       case when (l.batch_id # l.shard_from::bigint) = any($5::bigint[]) then null else l.packed end as packed
from ledger l
where l.ctid in (
        select one.ctid from unnest($1::uuid[], $2::smallint[]) as p(alert_id, shard)
        join ledger one on one.alert_id = p.alert_id and one.notice = 'alert'
                        and one.shard_from <= p.shard and one.shard_to > p.shard)
  and l.outcome <> 'indeterminate'
  and not (l.outcome in ('invalid', 'quarantined') and l.lane <> $3)
  and not (l.outcome = 'invalid' and l.at < now() - $4::interval);
