select packed from ledger
where alert_id = $1 and notice = $2 and shard_from < $4 and shard_to > $3
  and (notice in ('alert', 'found', 'cancel') or message_version = $7)
  and outcome <> 'indeterminate'
  and not (outcome in ('invalid', 'quarantined') and lane <> $5)
  and not (outcome = 'invalid' and at < now() - $6::interval);
