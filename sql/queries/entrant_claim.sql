-- Claims what is for the entrants of up to $4 alerts in a lane ($1), where some are due: what is free or whose lease has
-- ended, and what the owner ($2) holds ($5) if a wider ring came due meanwhile, or its expiry is asked for ($6); without
-- those that it cannot read ($7). It belongs to the widest ring that is due.
-- `trail_seq` is the newest event of the trail, as for the units of sweeps.
-- A claim that is lost in a crash of PostgreSQL only has the entrants looked at again, minus the ledger: no wait for the
-- disk.
with soft as (
    select set_config('synchronous_commit', 'off', true)
), entered as materialized (
    -- Where nobody is due at all, no alert is looked at.
    select a.id, a.version, a.expires, a.status, a.content, a.subject_kind, a.area_version from alert a
    where exists (select from entrant e where e.lane = $1 and e.due_at <= now())
      and a.state in ('sending', 'sent') and a.expires > now()
      and exists (select from entrant e where e.alert_id = a.id and e.lane = $1 and e.due_at <= now())
), due as (
    select u.id, widest.sweep_id, a.version, a.expires, a.status, a.subject_kind, a.area_version,
           case when u.id in (select unnest($5::bigint[])) then '' else a.content::text end as content
    from entered a
    cross join lateral (
        select s.id as sweep_id from ring r join sweep s on s.alert_id = r.alert_id and s.ring = r.ring
        where r.alert_id = a.id and r.due_at <= now() and r.held is null and s.notice = 'alert' and s.lane = $1
        order by r.ring desc limit 1
    ) widest
    join sweep s on s.alert_id = a.id and s.notice = 'alert' and s.lane = $1
    join sweep_unit u on u.sweep_id = s.id and u.entrants
    where u.done and u.id not in (select unnest($7::bigint[]))
      and (u.lease_until is null or u.lease_until < now() or u.lease_owner = $2)
      and not (u.id in (select unnest($5::bigint[])) and u.sweep_id = widest.sweep_id and u.id not in (select unnest($6::bigint[])))
    order by u.lease_until nulls first limit $4
    for update of u skip locked
)
update sweep_unit u
set lease_owner = $2, lease_until = greatest(u.lease_until, now() + $3::interval), worked_by = $2,
    sweep_id = due.sweep_id,
    message_version = case when u.id = any($5::bigint[]) then u.message_version else due.version end
from soft, due, sweep s join ring r on r.alert_id = s.alert_id and r.ring = s.ring
where u.id = due.id and s.id = due.sweep_id
returning u.id, u.shard_from, u.shard_to, s.alert_id, s.notice, u.message_version, s.ring, s.lane, r.radius_km, r.city,
          due.expires, due.status, due.content, extract(epoch from due.expires - now())::float8 as left_s,
          s.id as sweep_id, (select coalesce(max(seq), 0) from audit_event) as trail_seq, true as entrants, r.longitude, r.latitude,
          coalesce(r.nearness, r.ring)::integer as nearness, due.subject_kind, due.area_version,
          (select g.photo_tag from page g where g.alert_id = s.alert_id) as photo_tag;
