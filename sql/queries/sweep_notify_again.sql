-- Recipients who changed lanes during a follow-up notice may have been missed: it is swept again, minus the ledger. For a
-- day after the index lost people, as often as there is time ($3 apart): they report again one by one.
with emptied as (
    select exists (select from index_epoch where emptied_at > now() - interval '1 day') as lately
)
update sweep_unit u
set done = false, passes = u.passes + 1
from emptied, sweep s join alert a on a.id = s.alert_id
join notice n on n.alert_id = s.alert_id and n.version = s.version
where u.sweep_id = s.id and s.notice <> 'alert' and a.state in ('sending', 'sent', 'found', 'cancelled')
  and n.at > now() - interval '1 day' and u.done and (u.passes < $2::int or emptied.lately)
  and n.at + case when emptied.lately then least($1::interval, $3::interval) else $1::interval end * (u.passes + 1) <= now()
  and may_send(a.state, a.version, s.notice, s.version) and a.recipients_deleted_at is null
returning s.alert_id;
