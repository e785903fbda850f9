-- Of an alert that was reopened: who got which follow-up notice before a version ($2), the newest first. Who was notified
-- of an end last believes that the alert is over.
select l.notice, l.outcome, l.packed from ledger l
where l.alert_id = $1 and l.notice in ('update', 'found', 'cancel') and l.message_version < $2
  and l.outcome in ('accepted', 'indeterminate') and l.shard_from < $4 and l.shard_to > $3
  and exists (select from notice n where n.alert_id = $1 and n.reopens and n.version <= $2)
order by l.message_version desc;
