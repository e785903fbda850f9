-- What the funnel of an alert has beside the counts of its page: whether it has one, since when it counts, one view in how
-- many, whether it was found, and through the alert. `began` and `ended`: the first and the last minute that was counted.
select a.state, a.ended_at, a.through_alert, coalesce(p.sample, 1) as sample, p.first_made_at,
       a.state in ('found', 'closed') and coalesce(
           (select n.notice = 'found' from notice n where n.alert_id = a.id and (n.notice in ('found', 'cancel') or n.reopens)
            order by n.version desc limit 1), false) as found,
       (select min(c.minute) from page_count c where c.alert_id = a.id) as began,
       (select max(c.minute) from page_count c where c.alert_id = a.id) as ended
from alert a left join page p on p.alert_id = a.id
where a.id = $1;
