-- The reminders of these alerts that are planned or sent: when, and how many people were notified without a sound.
select s.alert_id, s.version, min(s.due_at) as due_at,
       (select coalesce(sum(n.recipients), 0)::bigint from silently_notified n
        where n.alert_id = s.alert_id and n.morning = s.version and n.outcome = 'accepted') as people
from sweep s where s.alert_id = any($1::uuid[]) and s.notice = 'reminder'
group by s.alert_id, s.version order by s.alert_id, s.version desc;
