-- What is published of all alerts together: actual ones whose sending has begun. `people`: accepted by a provider, of the
-- alerts themselves and not of later notices; late entrants are among them. Of an alert whose number is settled nothing
-- else is read.
with begun as (
    select a.received_at, a.through_alert,
           a.state in ('found', 'closed') and coalesce(
               (select n.notice = 'found' from notice n where n.alert_id = a.id and (n.notice in ('found', 'cancel') or n.reopens)
                order by n.version desc limit 1), false) as found,
           coalesce(p.notified, (select sum(u.accepted) from sweep s join sweep_unit u on u.sweep_id = s.id
                                 where s.alert_id = a.id and s.notice = 'alert')) as people
    from alert a join page p on p.alert_id = a.id
    where a.status = 'actual'
      and (p.notified is not null
           or exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                      where s.alert_id = a.id and s.notice = 'alert' and u.worked_by is not null))
)
select count(*) as alerts, count(*) filter (where found) as found,
       count(*) filter (where found and through_alert) as through_alert,
       count(*) filter (where found and through_alert is null) as through_alert_unknown,
       min(received_at) as since, coalesce(sum(people), 0)::bigint as people
from begun;
