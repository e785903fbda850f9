-- Adds sweeps, a column each, with their units, each a span of the shards, and wakes every process. A sweep that has no
-- ring is due at $8, or now. In the order in which they come: the first of a lane has its entrants.
with wanted as (
    select one.*
    from unnest($2::text[], $3::smallint[], $4::text[], $5::integer[], $6::integer[], $7::integer[], $8::timestamptz[])
        with ordinality as one (notice, ring, lane, shards, span, version, due_at, place)
), added as (
    insert into sweep (alert_id, notice, ring, lane, version, due_at)
    select $1, w.notice, w.ring, w.lane, w.version, coalesce(r.due_at, w.due_at, now())
    from wanted w left join ring r on r.alert_id = $1 and r.ring = w.ring
    order by w.place
    returning id, notice, ring, lane, version
), cut as (
    insert into sweep_unit (sweep_id, shard_from, shard_to)
    select a.id, s, s + w.span
    from added a
    join wanted w on (w.notice, w.lane, w.version) = (a.notice, a.lane, a.version) and w.ring is not distinct from a.ring
    cross join generate_series(0, w.shards - 1, w.span) s
    order by a.id, s
)
select pg_notify('qq_alert_sweeps', '');
