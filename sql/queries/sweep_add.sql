-- A sweep of one lane and ring with its units: the 1024 shards cut into spans.
with added as (
    insert into sweep (alert_id, notice, ring, lane, radius_km)
    values ($1, $2, $3, $4, $5) returning id
)
insert into sweep_unit (sweep_id, shard_from, shard_to)
select added.id, s, s + $7::int from added, generate_series(0, $6::int - 1, $7::int) s;
