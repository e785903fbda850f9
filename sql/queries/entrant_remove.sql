-- Removes entrants (user, alert, entry) for whom nothing is left to be done; who entered anew meanwhile stays. One that is
-- still there after a crash of PostgreSQL is found in the ledger: no wait for the disk. Every statement locks entrants in
-- the order of their key, so that no two wait for each other.
with soft as (
    select set_config('synchronous_commit', 'off', true)
), chosen as (
    select e.user_id, e.alert_id
    from entrant e join unnest($1::bigint[], $2::uuid[], $3::bigint[]) as p(user_id, alert_id, entry)
                     on e.user_id = p.user_id and e.alert_id = p.alert_id and e.entry = p.entry
    order by e.user_id, e.alert_id for update of e
)
delete from entrant e using soft, chosen c where e.user_id = c.user_id and e.alert_id = c.alert_id;
