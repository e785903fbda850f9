-- Opens units of reminders of all alerts but some ($5) again: a few times for who changed lanes meanwhile ($1 apart, $2 times), and, where a unit left
-- people out, for those whose quiet hours were not over ($3 apart, $4 times in all).
update sweep_unit u
set done = false, passes = u.passes + 1
from sweep s join alert a on a.id = s.alert_id
where s.notice = 'reminder' and s.alert_id not in (select unnest($5::uuid[])) and s.begun_at is not null and s.due_at <= now() and s.due_at > now() - interval '1 day'
  and a.state in ('sending', 'sent') and a.expires > now() and a.recipients_deleted_at is null
  and u.sweep_id = s.id and u.done
  and case when u.passes < $2::integer then u.done_at <= now() - $1::interval
           else u.opted_out > 0 and u.passes < $4::integer and u.done_at <= now() - $3::interval end
returning s.alert_id;
