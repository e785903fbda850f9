-- Late entrants: the widest ring that is due is swept again, minus the ledger, once its last pass is through.
with due as (
    select a.id from alert a
    where a.state = 'sent' and a.expires > now() and a.next_sweep_at <= now()
      and not exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                      where s.alert_id = a.id and s.notice = 'alert' and not u.done and u.passes > 0)
    for update of a skip locked
), widest as (
    select r.alert_id, max(r.ring) as ring from ring r join due on due.id = r.alert_id
    where r.due_at <= now() and r.held is null group by r.alert_id
), noted as (
    update alert a set swept_at = now(), next_sweep_at = now() + $1::interval from due where a.id = due.id
)
update sweep_unit u
set done = false, passes = u.passes + 1
from sweep s join widest w on w.alert_id = s.alert_id and w.ring = s.ring
where u.sweep_id = s.id and u.done and s.notice = 'alert'
returning s.alert_id;
