-- Looks at these entrants (user, alert, entry) again after $4.
with soft as (select set_config('synchronous_commit', 'off', true))
update entrant e set due_at = now() + $4::interval
from soft, unnest($1::bigint[], $2::uuid[], $3::bigint[]) as p(user_id, alert_id, entry)
where e.user_id = p.user_id and e.alert_id = p.alert_id and e.entry = p.entry;
