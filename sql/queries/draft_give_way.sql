-- Ends the oldest draft that no one has acted on, where it has the number $3 of a new one or the new one has no room
-- otherwise: among those of its source $2 (at most $5), then among all (at most $4). Counts those of the last hour, too
-- (at most $6, of a source $7), because each stays in the record. Returns what was ended, and whether there is room.
with waiting as materialized (
    select a.id, a.received_at, coalesce(d.source = $2, false) as own, c.case_number = $3 as same
    from alert a join child_case c on c.id = a.case_id left join draft d on d.alert_id = a.id
    where c.authority_id = $1 and not a.verified and a.state = 'in_review'
), counted as (
    select coalesce(bool_or(same), false) as taken, count(*) >= $4::int as is_full,
           count(*) filter (where own) >= $5::int as own_is_full
    from waiting
), hour as (
    select count(*) < $6::int and count(*) filter (where d.source = $2) < $7::int as has_room
    from alert a join child_case c on c.id = a.case_id left join draft d on d.alert_id = a.id
    where c.authority_id = $1 and not a.verified and a.received_at > now() - interval '1 hour'
), chosen as (
    select a.id, a.case_id
    from alert a join waiting w on w.id = a.id cross join counted n
    where (w.same or (not n.taken and (n.is_full or (n.own_is_full and w.own))))
      and a.state = 'in_review' and a.revision = 1
      and not exists (select from approval p where p.alert_id = a.id)
    order by w.same desc, n.own_is_full and w.own desc, w.received_at, w.id
    limit 1
    for update of a skip locked
), ended as (
    update alert a set state = 'cancelled', ended_at = clock_timestamp() from chosen where a.id = chosen.id
), freed as (
    update child_case c set case_number = c.case_number || ' / ' || chosen.id from chosen where c.id = chosen.case_id
), unworked as (
    delete from sweep_unit u using sweep s, chosen where s.alert_id = chosen.id and u.sweep_id = s.id
)
select (select id from chosen) as ended,
       h.has_room and (exists (select from chosen) or not (n.taken or n.is_full or n.own_is_full)) as has_room
from counted n cross join hour h;
