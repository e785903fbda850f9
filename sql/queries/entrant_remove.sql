-- Removes entrants (user, alert, entry) for whom nothing is left to be done; who entered anew meanwhile stays. One that is
-- still there after a crash of PostgreSQL is found in the ledger: no wait for the disk.
with soft as (select set_config('synchronous_commit', 'off', true))
delete from entrant e
using soft, unnest($1::bigint[], $2::uuid[], $3::bigint[]) as p(user_id, alert_id, entry)
where e.user_id = p.user_id and e.alert_id = p.alert_id and e.entry = p.entry;
