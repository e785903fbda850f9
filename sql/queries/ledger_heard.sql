-- Who heard of an alert before a version of it: those that some provider accepted.
select packed from ledger
where alert_id = $1 and notice = 'alert' and outcome = 'accepted' and said < $2
  and shard_from < $4 and shard_to > $3;
