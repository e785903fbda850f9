-- Notes that users ($2) in shards ($3) came into the areas of alerts ($1) in a lane, and wakes the lane in every process.
-- Who is noted already entered anew: what is being done about the earlier entry does not remove this one.
with noted as (
    insert into entrant (user_id, alert_id, lane, shard)
    select n.user_id, n.alert_id, $4, n.shard
    from unnest($1::uuid[], $2::bigint[], $3::smallint[]) as n(alert_id, user_id, shard)
    where exists (select from sweep s where s.alert_id = n.alert_id and s.notice = 'alert' and s.lane = $4::text)
    order by n.user_id, n.alert_id
    on conflict (user_id, alert_id) do update
    set lane = excluded.lane, shard = excluded.shard, entry = default, due_at = now()
    returning 1
)
select pg_notify('qq_alert_entrants', $4::text) from (select count(*) as users from noted) counted where users > 0;
