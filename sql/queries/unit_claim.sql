-- First sends before passes for late entrants (unless another ring came due behind such a pass), nearest ring first. In
-- the same ring alerts take turns, so that a small one does not wait for a large one; but whose deadline is near goes
-- first, the earliest of all. A lease that ran out is anybody's. The same shards of a nearer ring come first: done, or found by this very process, which then knows whom it
-- is about to tell; otherwise two rings could tell one person.
-- Lost in a crash of PostgreSQL, this only makes a unit be swept again, minus the ledger: no need to wait for the disk.
with soft as (
    select set_config('synchronous_commit', 'off', true)
), due as (
    select u.id
    from sweep_unit u
    join sweep s on s.id = u.sweep_id
    join ring r on r.alert_id = s.alert_id and r.ring = s.ring
    join alert a on a.id = s.alert_id
    where s.lane = $1 and not u.done and a.state in ('sending', 'sent') and a.expires > now()
      and r.due_at <= now() and r.held is null
      and (u.lease_until is null or u.lease_until < now()) and not (u.id = any($4::bigint[]))
      and not exists (select from sweep n join sweep_unit nearer on nearer.sweep_id = n.id
                      where n.alert_id = s.alert_id and n.notice = s.notice and n.lane = s.lane and n.ring < s.ring
                        and nearer.shard_from = u.shard_from and not nearer.done
                        and not (nearer.searched and nearer.lease_owner = $2 and nearer.lease_until > now()))
    order by u.passes > 0 and a.state = 'sent', s.ring,
             case when r.deadline < now() + $6::interval then r.deadline end nulls last,
             array_position($5::uuid[], s.alert_id) nulls first, r.deadline, u.id
    limit 1
    for update of u skip locked
)
update sweep_unit u
set lease_owner = $2, lease_until = now() + $3::interval, worked_by = $2, searched = false
from soft, due, sweep s, ring r, alert a
where u.id = due.id and s.id = u.sweep_id and a.id = s.alert_id and r.alert_id = s.alert_id and r.ring = s.ring
returning u.id, u.shard_from, u.shard_to, s.alert_id, s.notice, s.ring, s.lane, r.radius_km, r.city,
          a.expires, a.status, a.content::text as content;
