-- The recipients of rows of the ledger, by their keys: alert ($1), first shard ($2), batch ($3) and outcome ($4). A row that
-- is gone is left out.
select k.alert_id, k.shard_from, k.batch_id, k.outcome, l.packed
from unnest($1::uuid[], $2::smallint[], $3::bigint[], $4::text[]) as k(alert_id, shard_from, batch_id, outcome)
cross join lateral (
    select r.packed from ledger r
    where r.alert_id = k.alert_id and r.notice = 'alert' and r.shard_from = k.shard_from and r.batch_id = k.batch_id
      and r.outcome = k.outcome
    limit 1
) l;
