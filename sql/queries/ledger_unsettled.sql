-- Whom a process that was interrupted may have sent one of these follow-up notices ($6) before a version ($2): it recorded
-- nothing, and whom it had in hand is not known. All who were notified of the alert in the shards of such a unit of the
-- lane ($5).
select l.packed from ledger l
where l.alert_id = $1 and l.notice = 'alert' and l.outcome in ('accepted', 'indeterminate')
  and l.shard_from < $4 and l.shard_to > $3
  and exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
              where s.alert_id = $1 and s.lane = $5 and s.notice = any($6::text[]) and s.version < $2 and not u.done
                and (u.interrupted or u.lease_owner is not null)
                and u.shard_from < l.shard_to and u.shard_to > l.shard_from
                and u.shard_from < $4 and u.shard_to > $3);
