-- The recipients whom the reminder of a sweep ($2) is for: a provider accepted the alert for them, without a sound. Who is
-- indeterminate is still notified again, and what becomes of that decides.
select l.packed, l.locale
from silently_notified n
join sweep s on s.id = $2 and s.version = n.morning
join ledger l on l.alert_id = n.alert_id and l.notice = 'alert' and l.shard_from = n.shard_from
             and l.batch_id = n.batch_id and l.outcome = n.outcome
where n.alert_id = $1 and n.outcome = 'accepted' and n.shard_from < $4 and n.shard_to > $3
order by l.at;
