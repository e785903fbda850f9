-- Recipients who changed lanes during a follow-up notice may have been missed: it is swept again, minus the ledger.
-- The passes are apart also where the one before came late, after a pause or an outage: who changed lanes right before it is
-- found by the next one only.
update sweep_unit u
set done = false, passes = u.passes + 1
from sweep s join alert a on a.id = s.alert_id join notice n on n.alert_id = s.alert_id and n.version = s.version
where u.sweep_id = s.id and s.notice <> 'alert' and a.state in ('sending', 'sent', 'found', 'cancelled')
  and n.at > now() - interval '1 day' and u.done and u.passes < $2::int
  and n.at + $1::interval * (u.passes + 1) <= now() and (u.done_at is null or u.done_at + $1::interval <= now())
  and may_send(a.state, a.version, s.notice, s.version) and a.recipients_deleted_at is null
returning s.alert_id;
