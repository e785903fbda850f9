-- Looks at these entrants (user, alert, entry) again after $4; locked in the order of their key, as by all statements.
with soft as (
    select set_config('synchronous_commit', 'off', true)
), chosen as (
    select e.user_id, e.alert_id
    from entrant e join unnest($1::bigint[], $2::uuid[], $3::bigint[]) as p(user_id, alert_id, entry)
                     on e.user_id = p.user_id and e.alert_id = p.alert_id and e.entry = p.entry
    order by e.user_id, e.alert_id for update of e
)
update entrant e set due_at = now() + $4::interval
from soft, chosen c where e.user_id = c.user_id and e.alert_id = c.alert_id;
