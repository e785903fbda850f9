select shard, packed from ledger
where alert_id = $1 and notice = $2 and shard >= $3 and shard < $4;
