-- Closes sweeps that this transaction has locked, if they still have no unit to do, or can never be sent again.
update sweep s set open = false
where s.id = any($1::bigint[])
  and (not exists (select from sweep_unit u where u.sweep_id = s.id and not u.done)
       or exists (select from alert a where a.id = s.alert_id
                  and (a.state in ('found', 'cancelled', 'expired', 'closed')
                         and not may_send(a.state, a.version, s.notice, s.version)
                       or s.notice in ('update', 'found', 'cancel') and s.version < a.version)));
