-- Events that are due, at most $1 and $2 of one authority; nobody else tries them for $3.
with due as (
    select e.id from (
        select id, try_at, row_number() over (partition by authority_id order by try_at, id) as place
        from police_event where delivered_at is null and dead_at is null and try_at <= clock_timestamp()
    ) ranked join police_event e on e.id = ranked.id
    where ranked.place <= $2::bigint and e.delivered_at is null and e.dead_at is null and e.try_at <= clock_timestamp()
    order by ranked.try_at limit $1
    for update of e skip locked
)
update police_event e set try_at = clock_timestamp() + $3::interval, attempts = e.attempts + 1
from due, authority_endpoint o, alert a, child_case c
where e.id = due.id and o.authority_id = e.authority_id and a.id = e.alert_id and c.id = a.case_id
returning e.id, e.authority_id, e.alert_id, e.sighting_id, e.event, e.alert_state, e.created_at, e.attempts, o.url, o.secret,
          c.case_number, a.status;
