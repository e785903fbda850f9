-- Adds a sweep of one lane with its units, each a span of the shards. The first one of an alert has the unit that is for
-- late entrants, too.
with added as (
    insert into sweep (alert_id, notice, ring, lane, version, due_at)
    values ($1, $2, $3, $4, $7,
            coalesce((select due_at from ring where alert_id = $1 and ring = $3::smallint), now())) returning id
)
, entrants as (
    insert into sweep_unit (sweep_id, shard_from, shard_to, done, searched, passes, entrants)
    select added.id, 0, $5::int, true, true, 1, true from added
    where $2::text = 'alert' and not exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                                       where s.alert_id = $1 and s.lane = $4 and u.entrants)
)
insert into sweep_unit (sweep_id, shard_from, shard_to)
select added.id, s, s + $6::int from added, generate_series(0, $5::int - 1, $6::int) s;
