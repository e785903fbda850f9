-- The recipients notified of an alert: a provider accepted them. `found` and `cancel` go to all of them, also to the
-- indeterminate ones ($5): what was sent of a version that a failover lost counts, too. An `update` goes to those notified
-- before its version, and not to the indeterminate ones: the first message is still retried for them, with the new text.
-- Who was notified twice is followed in the language that surely came first.
select packed, locale from ledger
where alert_id = $1 and notice = 'alert' and (outcome = 'accepted' or (outcome = 'indeterminate' and $5::boolean))
  and (message_version < $2 or $5::boolean) and shard_from < $4 and shard_to > $3
order by outcome, at;
