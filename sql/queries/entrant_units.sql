-- Which units are for the entrants of alerts that go on in a lane ($1), up to $2, with their alerts, where some are due: for
-- where one of them is refused.
select u.id, a.id
from alert a join sweep s on s.alert_id = a.id and s.notice = 'alert' and s.lane = $1
join sweep_unit u on u.sweep_id = s.id and u.entrants
where a.state in ('sending', 'sent') and a.expires > now()
  and exists (select from entrant e where e.alert_id = a.id and e.lane = $1 and e.due_at <= now())
order by u.id limit $2;
