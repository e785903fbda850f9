-- A sighting of an alert: its state, revision, stack, and who decided when. Locked with undecided ones of its stack, at most
-- $3, in one order, so that those who decide two of them at once wait for each other.
with locked as (
    select id, alert_id, state, revision, stack, decided_by, decided_at
    from sighting
    where alert_id = $1
      and id in (select $2
                 union
                 (select s.id from sighting s
                  where s.stack = (select o.stack from sighting o where o.id = $2) and s.state = 'new'
                  order by s.received_at, s.id limit $3))
    order by id
    for update
)
select case when closed then 'closed' else l.state end, l.revision, l.stack,
       case when closed then 'system' else l.decided_by end, case when closed then a.ended_at else l.decided_at end
from locked l join alert a on a.id = l.alert_id
     cross join lateral (select l.state = 'new' and search_is_over(a.state)) o (closed)
where l.id = $2;
