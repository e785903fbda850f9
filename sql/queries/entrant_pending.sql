-- Who is noted as entrant of an alert in shards [$2, $3), in whatever lane.
select user_id from entrant where alert_id = $1 and shard >= $2 and shard < $3;
