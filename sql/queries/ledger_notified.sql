-- Who heard of an alert before a version of it: those that some provider accepted. Those of whom nobody knows hear its
-- end, too; an update they do not, because the first message is still tried for them, and says the same.
select packed from ledger
where alert_id = $1 and notice = 'alert' and (outcome = 'accepted' or (outcome = 'indeterminate' and $5::boolean)) and message_version < $2
  and shard_from < $4 and shard_to > $3;
