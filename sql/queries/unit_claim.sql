-- Claims up to $5 units of these sweeps ($1, in the order in which they are wanted) that are free, or whose lease has
-- ended. Reads a few rows of each sweep, however many alerts there are.
-- A unit is ready when every unit of a ring before it that shares a shard with it is done, or searched by this same
-- process, which then knows whom it is notifying: otherwise two rings could notify one person, since rings around
-- several places overlap. What it holds and will not send to its end ($6) does not count: whom it leaves is nobody's
-- until the unit is claimed again.
-- The ring before is the one that is due earlier, of rings due together the one with the lower number. A ring that is
-- made due, released or added is due after all that may have been claimed by then (`push.alerts.rings.begins`), so that
-- no two units ever fail to wait for each other. A ring that was held before anything of it began holds up no other.
-- A follow-up notice is ready when nothing older of its alert is in sending in the lane. A reminder, which says the newest
-- version, waits for nothing.
-- The photo of an alert is that which is published, whose address answers; where one is made and about to be, the units wait
-- for it until `photo_due_at`, a second at most.
-- `trail_seq` is the newest event of the trail: a claim of a record that lost events is given back.
-- A claim that is lost in a crash of PostgreSQL only repeats the sweep of a unit, minus the ledger: no wait for the
-- disk.
with soft as (
    select set_config('synchronous_commit', 'off', true)
), due as (
    select picked.id, s.id as sweep_id, wanted.place, a.content::text as content, a.status, a.subject_kind, a.area_version,
           case when s.notice in ('alert', 'reminder') then a.version else s.version end as message_version,
           case when s.notice in ('alert', 'reminder') then a.expires else greatest(a.expires, now() + interval '1 day') end as expires
    from unnest($1::bigint[]) with ordinality as wanted(sweep_id, place)
    join sweep s on s.id = wanted.sweep_id
    join alert a on a.id = s.alert_id
    left join ring r on r.alert_id = s.alert_id and r.ring = s.ring
    cross join lateral (
        select u.id, u.shard_from from sweep_unit u
        where u.sweep_id = s.id and not u.done and (u.lease_until is null or u.lease_until < now())
          and u.id not in (select unnest($4::bigint[]))
          and case when s.notice = 'alert' then
                  not exists (select from sweep n
                              join ring b on b.alert_id = n.alert_id and b.ring = n.ring
                              join sweep_unit nearer on nearer.sweep_id = n.id
                              where n.alert_id = s.alert_id and n.notice = 'alert' and n.lane = s.lane
                                and (b.due_at, b.ring) < (r.due_at, r.ring) and not nearer.done
                                and nearer.shard_from < u.shard_to and nearer.shard_to > u.shard_from
                                and not coalesce(nearer.searched and nearer.lease_owner = $2
                                                 and nearer.lease_until > now()
                                                 and nearer.id not in (select unnest($6::bigint[])), false)
                                and (b.held is null
                                     or exists (select from sweep w join sweep_unit begun on begun.sweep_id = w.id
                                                where w.alert_id = b.alert_id and w.ring = b.ring
                                                  and begun.worked_by is not null and not begun.entrants)))
              else
                  not exists (select from sweep o join sweep_unit older on older.sweep_id = o.id
                              where o.alert_id = s.alert_id and o.lane = s.lane and o.id <> s.id
                                and older.message_version < s.version and not older.done
                                and older.lease_until > now())
              end
        order by u.shard_from limit $5
        for update of u skip locked
    ) picked
    where s.due_at <= now() and may_send(a.state, a.version, s.notice,
                   case when s.notice in ('alert', 'reminder') then a.version else s.version end)
      and (s.notice <> 'alert' or (a.expires > now() and r.due_at <= now() and r.held is null))
      and (s.notice in ('found', 'cancel')
           or not exists (select from page g where g.alert_id = a.id and g.photo_due_at > now()))
      and (s.notice <> 'reminder' or (a.expires > now() and s.begun_at is not null))
    order by wanted.place, picked.shard_from limit $5
)
update sweep_unit u
set lease_owner = $2, lease_until = now() + $3::interval, worked_by = $2, searched = false, reopened = false,
    interrupted = u.interrupted or u.lease_owner is not null, message_version = due.message_version
from soft, due, sweep s left join ring r on r.alert_id = s.alert_id and r.ring = s.ring
where u.id = due.id and s.id = due.sweep_id
returning u.id, u.shard_from, u.shard_to, s.alert_id, s.notice, u.message_version, coalesce(s.ring, 0) as ring, s.lane,
          r.radius_km, coalesce(r.city, false) as city, due.expires, due.status, due.content,
          extract(epoch from due.expires - now())::float8 as left_s, s.id as sweep_id,
          (select coalesce(max(seq), 0) from audit_event) as trail_seq, false as entrants,
          r.longitude, r.latitude, coalesce(r.nearness, r.ring, 0)::integer as nearness, due.subject_kind, due.area_version,
          (select g.photo_tag from page g where g.alert_id = s.alert_id) as photo_tag;
