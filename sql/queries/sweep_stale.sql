-- Open sweeps without a unit to do, of an alert that ended, or of a follow-up notice after which there was another one.
-- Versions only grow, and only the newest one is sent, to all who were notified before it: whom an older update did not
-- reach gets that.
select s.id from sweep s
where s.open
  and (not exists (select from sweep_unit u where u.sweep_id = s.id and not u.done)
       or exists (select from alert a where a.id = s.alert_id
                  and (a.state in ('found', 'cancelled', 'expired', 'closed')
                         and not may_send(a.state, a.version, s.notice, s.version)
                       or s.notice in ('update', 'found', 'cancel') and s.version < a.version)))
order by s.id limit $1;
