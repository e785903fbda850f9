-- Begins the reminders that are due, of alerts about these kinds of people ($1) that are being sent, all but some ($2): from now on their
-- units are claimed. Returns each with how many people were notified without a sound. The alert is touched so that every
-- watcher reads it.
with due as (
    select a.id from alert a
    where a.state in ('sending', 'sent') and a.expires > now() and a.subject_kind = any($1::text[])
      and a.id not in (select unnest($2::uuid[]))
      and a.id in (select s.alert_id from sweep s
                   where s.open and s.due_at <= now() and s.notice = 'reminder' and s.begun_at is null)
    order by a.id for update of a
), touched as (
    update alert a set sent_at = a.sent_at from due where a.id = due.id
), begun as (
    update sweep s set begun_at = now() from due
    where s.alert_id = due.id and s.notice = 'reminder' and s.begun_at is null and s.due_at <= now()
    returning s.alert_id, s.version
)
select b.alert_id, b.version,
       (select coalesce(sum(n.recipients), 0)::bigint from silently_notified n
        where n.alert_id = b.alert_id and n.morning = b.version and n.outcome = 'accepted') as people
from (select distinct alert_id, version from begun) b order by b.alert_id, b.version;
