-- Takes back that a batch ($4) of shards [$2, $3) may have been reminded: no request with it was sent, or the provider took
-- none. Its row begins in the first of its shards that has somebody.
delete from ledger
where alert_id = $1 and notice = 'reminder' and shard_from >= $2 and shard_from < $3 and batch_id = $4 and outcome = 'indeterminate';
