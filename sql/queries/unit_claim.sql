-- Nearest ring first, then the earliest deadline. A lease that ran out is anybody's.
-- Lost in a crash of PostgreSQL, this only makes a unit be swept again, minus the ledger: no need to wait for the disk.
with soft as (
    select set_config('synchronous_commit', 'off', true)
), due as (
    select u.id
    from sweep_unit u join sweep s on s.id = u.sweep_id join alert a on a.id = s.alert_id
    where s.lane = $1 and not u.done and a.state = 'sending' and a.expires > now()
      and (u.lease_until is null or u.lease_until < now()) and not (u.id = any($4::bigint[]))
    order by s.ring, a.deadline, u.id
    limit 1
    for update of u skip locked
)
update sweep_unit u
set lease_owner = $2, lease_until = now() + $3::interval, worked_by = $2
from soft, due, sweep s, alert a
where u.id = due.id and s.id = u.sweep_id and a.id = s.alert_id
returning u.id, u.shard_from, u.shard_to, s.alert_id, s.notice, s.ring, s.lane, s.radius_km,
          a.longitude, a.latitude, a.deadline, a.expires, a.status, a.title, a.body;
