-- The hard cap: an alert that has reached its maximum of people notifies no one else, not even late entrants, until an
-- operator releases it.
with reached as (
    select s.alert_id, sum(u.accepted + u.invalid + u.refused + u.quarantined + u.failed) as people
    from sweep s join sweep_unit u on u.sweep_id = s.id
    where s.alert_id = any($1::uuid[]) and s.notice = 'alert'
    group by s.alert_id
), held as (
    update ring r set held = 'audience cap'
    from reached join alert a on a.id = reached.alert_id
    where r.alert_id = reached.alert_id and reached.people >= coalesce(a.audience_max, $2::bigint) and r.held is null
    returning r.alert_id
)
select alert_id, pg_notify('qq_alert_sweeps', alert_id::text)::text from (select distinct alert_id from held) once;
