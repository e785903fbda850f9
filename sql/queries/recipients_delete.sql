-- Deletes at most $2 rows of recipients; the counts stay with the units.
with part as (
    select ctid from ledger where alert_id = $1 limit $2
), deleted as (
    delete from ledger l using part where l.ctid = part.ctid
    returning l.alert_id, l.notice, l.shard_from, l.batch_id, l.outcome
), unmarked as (
    delete from silently_notified n using deleted d
    where d.notice = 'alert' and n.alert_id = d.alert_id and n.shard_from = d.shard_from and n.batch_id = d.batch_id
      and n.outcome = d.outcome
)
select 1 from deleted;
