-- Adds a sweep of one lane with its units, each a span of the shards. One that has no ring is due at $8, or now.
with added as (
    insert into sweep (alert_id, notice, ring, lane, version, due_at)
    values ($1, $2, $3, $4, $7,
            coalesce((select due_at from ring where alert_id = $1 and ring = $3::smallint), coalesce($8::timestamptz, now()))) returning id
)
insert into sweep_unit (sweep_id, shard_from, shard_to)
select added.id, s, s + $6::int from added, generate_series(0, $5::int - 1, $6::int) s;
