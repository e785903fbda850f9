-- Who heard of an alert before a version of it: those that some provider accepted, and those of whom nobody knows.
select packed from ledger
where alert_id = $1 and notice = 'alert' and outcome in ('accepted', 'unsure') and said < $2
  and shard_from < $4 and shard_to > $3;
