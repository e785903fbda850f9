-- Late entrants: the due rings that together are the area are swept again, minus the ledger, in each lane whose last pass
-- is complete: a lane that is stuck does not hold up the others.
with due as (
    select a.id from alert a
    where a.state = 'sent' and a.expires > now() and a.next_sweep_at <= now()
      and exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                  where s.alert_id = a.id and s.notice = 'alert'
                  group by s.lane having bool_and(u.done or u.passes = 0))
    for update of a skip locked
), widest as (
    select o.alert_id, o.ring from due join outer_ring o on o.alert_id = due.id
), through as (
    select s.alert_id, s.lane from sweep s join due on due.id = s.alert_id join sweep_unit u on u.sweep_id = s.id
    where s.notice = 'alert' group by s.alert_id, s.lane having bool_and(u.done or u.passes = 0)
), noted as (
    update alert a set swept_at = now(), next_sweep_at = now() + $1::interval from due where a.id = due.id
)
update sweep_unit u
set done = false, passes = u.passes + 1
from sweep s join widest w on w.alert_id = s.alert_id and w.ring = s.ring
join through t on t.alert_id = s.alert_id and t.lane = s.lane
where u.sweep_id = s.id and u.done and not u.entrants and s.notice = 'alert'
returning s.alert_id;
