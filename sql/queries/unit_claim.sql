-- First sends before passes for late entrants (unless another ring came due behind such a pass), nearest ring first. In
-- the same ring alerts take turns, so that a small one does not wait for a large one; but whose deadline is near goes
-- first, the earliest of all. A lease that ran out is anybody's. The same shards of a nearer ring come first: done, or
-- found by this very process, which then knows whom it is about to tell; otherwise two rings could tell one person.
-- A follow-up notice goes to those notified before it, once nothing older is on its way in the lane; it takes turns with rings 1.
-- Lost in a crash of PostgreSQL, this only makes a unit be swept again, minus the ledger: no need to wait for the disk.
with soft as (
    select set_config('synchronous_commit', 'off', true)
), due as (
    select u.id, case when s.notice = 'alert' then a.version else s.version end as message_version
    from sweep_unit u
    join sweep s on s.id = u.sweep_id
    join alert a on a.id = s.alert_id
    left join ring r on r.alert_id = s.alert_id and r.ring = s.ring
    where s.lane = $1 and not u.done
      -- What follows from the rule below, said so that the planner looks at the alerts that go on, and not at all that
      -- ever were: those that ended are closed within a day.
      and (a.state in ('sending', 'sent') or (a.state in ('found', 'cancelled') and s.notice in ('found', 'cancel')))
      and may_send(a.state, a.version, s.notice, case when s.notice = 'alert' then a.version else s.version end)
      and (u.lease_until is null or u.lease_until < now()) and not (u.id = any($4::bigint[]))
      and case when s.notice = 'alert' then
              a.expires > now() and r.due_at <= now() and r.held is null
              and not exists (select from sweep n join sweep_unit nearer on nearer.sweep_id = n.id
                              where n.alert_id = s.alert_id and n.notice = s.notice and n.lane = s.lane and n.ring < s.ring
                                and nearer.shard_from = u.shard_from and not nearer.done
                                and not (nearer.searched and nearer.lease_owner = $2 and nearer.lease_until > now()))
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
set lease_owner = $2, lease_until = now() + $3::interval, worked_by = $2, searched = false, reopened = false, message_version = due.message_version
from soft, due, sweep s left join ring r on r.alert_id = s.alert_id and r.ring = s.ring, alert a
where u.id = due.id and s.id = u.sweep_id and a.id = s.alert_id
returning u.id, u.shard_from, u.shard_to, s.alert_id, s.notice, u.message_version, coalesce(s.ring, 0) as ring, s.lane, r.radius_km,
          coalesce(r.city, false) as city,
          case when s.notice = 'alert' then a.expires else greatest(a.expires, now() + interval '1 day') end as expires,
          a.status, a.content::text as content;
