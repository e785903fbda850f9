-- The recipients notified of an alert before a version of it: a provider accepted them. `found` and `cancel` also go to
-- the indeterminate ones ($5). An `update` does not: the first message is still retried for them, with the new text.
select packed from ledger
where alert_id = $1 and notice = 'alert' and (outcome = 'accepted' or (outcome = 'indeterminate' and $5::boolean))
  and message_version < $2 and shard_from < $4 and shard_to > $3;
