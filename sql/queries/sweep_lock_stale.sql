-- Locks open sweeps without a unit to do, or of an alert that ended: they are closed next, and whoever opens a unit of
-- them meanwhile waits for that.
select s.id from sweep s
where s.open
  and (not exists (select from sweep_unit u where u.sweep_id = s.id and not u.done)
       or exists (select from alert a where a.id = s.alert_id
                  and a.state in ('found', 'cancelled', 'expired', 'closed')
                  and not may_send(a.state, a.version, s.notice, s.version)))
order by s.id limit $1
for update of s skip locked;
