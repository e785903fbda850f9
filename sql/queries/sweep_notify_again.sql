-- Recipients who changed lanes during a follow-up notice may have been missed (of all alerts but some, $4): it is swept again, minus the ledger. The
-- passes are apart also where the one before came late, after a pause or an outage: who changed lanes right before it is
-- found by the next one only. For a day after the index lost people, as often as there is time ($3 apart): they report
-- again one by one. A pass begins once the one before is through in all units of the sweep, so that nobody waits for it who
-- was not looked for at all; unless that takes six times as long as they are apart, which a unit that nobody can read does.
with pace as (
    select lately, case when lately then least($1::interval, $3::interval) else $1::interval end as apart
    from (select exists (select from index_epoch where emptied_at > now() - interval '1 day')) as emptied(lately)
)
update sweep_unit u
set done = false, passes = u.passes + 1
from pace, sweep s join alert a on a.id = s.alert_id
join notice n on n.alert_id = s.alert_id and n.version = s.version
where u.sweep_id = s.id and s.notice <> 'alert' and s.alert_id not in (select unnest($4::uuid[]))
  and a.state in ('sending', 'sent', 'found', 'cancelled')
  and n.at > now() - interval '1 day' and u.done and (u.passes < $2::int or pace.lately)
  and n.at + pace.apart * (u.passes + 1) <= now() and (u.done_at is null or u.done_at + pace.apart <= now())
  and (n.at + pace.apart * 6 <= now()
       or not exists (select from sweep_unit one where one.sweep_id = s.id and not one.done and one.passes <= u.passes))
  and may_send(a.state, a.version, s.notice, s.version) and a.recipients_deleted_at is null
returning s.alert_id;
