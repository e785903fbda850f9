-- Takes back that a batch ($3) may have been reminded: no request with it was sent, or the provider took none.
delete from ledger
where alert_id = $1 and notice = 'reminder' and shard_from = $2 and batch_id = $3 and outcome = 'indeterminate';
