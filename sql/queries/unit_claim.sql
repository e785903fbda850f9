-- Claims the most urgent unit of a lane that is free, or whose lease has ended. The order: first sends before passes
-- for late entrants (unless another ring came due behind such a pass), then the nearest ring, then the earliest
-- deadline among the near ones, then the alerts by turns, so that a small one does not wait for a large one.
-- A unit is ready when the same shards of every nearer ring are done, or searched by this same process, which then
-- knows whom it is notifying: otherwise two rings could notify one person. What it holds and will not send to its end
-- ($7) does not count: whom it leaves is nobody's until the unit is claimed again.
-- A follow-up notice is ready when nothing older of its alert is in sending in the lane; it ranks with ring 1.
-- `trail_seq` is the newest event of the trail: a claim of a record that lost events is given back.
-- A claim that is lost in a crash of PostgreSQL only repeats the sweep of a unit, minus the ledger: no wait for the
-- disk.
with soft as (
    select set_config('synchronous_commit', 'off', true)
), due as (
    select u.id, case when s.notice = 'alert' then a.version else s.version end as message_version
    from sweep_unit u
    join sweep s on s.id = u.sweep_id
    join alert a on a.id = s.alert_id
    left join ring r on r.alert_id = s.alert_id and r.ring = s.ring
    where s.lane = $1 and not u.done
      -- Follows from the rule below; written out so that the planner reads only alerts that go on (those that ended are
      -- closed within a day).
      and (a.state in ('sending', 'sent') or (a.state in ('found', 'cancelled') and s.notice in ('found', 'cancel')))
      and may_send(a.state, a.version, s.notice, case when s.notice = 'alert' then a.version else s.version end)
      and (u.lease_until is null or u.lease_until < now()) and not (u.id = any($4::bigint[]))
      and case when s.notice = 'alert' then
              a.expires > now() and r.due_at <= now() and r.held is null
              and not exists (select from sweep n join sweep_unit nearer on nearer.sweep_id = n.id
                              where n.alert_id = s.alert_id and n.notice = s.notice and n.lane = s.lane
                                and n.ring < s.ring and nearer.shard_from = u.shard_from and not nearer.done
                                and not coalesce(nearer.searched and nearer.lease_owner = $2 and nearer.lease_until > now()
                                                   and nearer.id <> all($7::bigint[]), false))
          else
              not exists (select from sweep o join sweep_unit older on older.sweep_id = o.id
                          where o.alert_id = s.alert_id and o.lane = s.lane and o.id <> s.id
                            and older.message_version < s.version and not older.done and older.lease_until > now())
          end
    order by u.passes > 0 and a.state <> 'sending', coalesce(s.ring, 1),
             case when r.deadline < now() + $6::interval then r.deadline end nulls last,
             array_position($5::uuid[], s.alert_id) nulls first, r.deadline, u.id
    limit 1
    for update of u skip locked
)
update sweep_unit u
set lease_owner = $2, lease_until = now() + $3::interval, worked_by = $2, searched = false, reopened = false,
    message_version = due.message_version
from soft, due, sweep s left join ring r on r.alert_id = s.alert_id and r.ring = s.ring, alert a
where u.id = due.id and s.id = u.sweep_id and a.id = s.alert_id
returning u.id, u.shard_from, u.shard_to, s.alert_id, s.notice, u.message_version, coalesce(s.ring, 0) as ring, s.lane,
          r.radius_km, coalesce(r.city, false) as city,
          case when s.notice = 'alert' then a.expires else greatest(a.expires, now() + interval '1 day') end as expires,
          a.status, a.content::text as content,
          extract(epoch from case when s.notice = 'alert' then a.expires
                                  else greatest(a.expires, now() + interval '1 day') end - now())::float8 as left_s,
          (select coalesce(max(seq), 0) from audit_event) as trail_seq;
