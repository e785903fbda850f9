-- Recipients who changed lanes during a follow-up notice may have been missed: it is swept again, minus the ledger. For a
-- day after the index lost people, as often as there is time: they report again one by one.
update sweep_unit u
set done = false, passes = u.passes + 1
from sweep s join alert a on a.id = s.alert_id join notice n on n.alert_id = s.alert_id and n.version = s.version
where u.sweep_id = s.id and s.notice <> 'alert' and a.state in ('sending', 'sent', 'found', 'cancelled')
  and n.at > now() - interval '1 day' and u.done
  and (u.passes < $2::int or exists (select from index_epoch where emptied_at > now() - interval '1 day'))
  and n.at + $1::interval * (u.passes + 1) <= now()
  and may_send(a.state, a.version, s.notice, s.version) and a.recipients_deleted_at is null
returning s.alert_id;
