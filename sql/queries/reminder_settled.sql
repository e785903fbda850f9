-- Whom no reminder is for: who was, or may have been, reminded, on whatever morning, and who may have had a sound.
select l.packed from ledger l
where l.alert_id = $1 and l.shard_from < $3 and l.shard_to > $2
  and (l.notice = 'reminder'
       or (l.notice = 'alert' and l.outcome in ('accepted', 'indeterminate')
           and not exists (select from silently_notified n
                           where n.alert_id = l.alert_id and n.shard_from = l.shard_from
                             and n.batch_id = l.batch_id and n.outcome = l.outcome)));
