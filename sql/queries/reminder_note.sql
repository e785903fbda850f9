-- Notes which rows of the ledger are of recipients without a sound, in the transaction that commits these rows, and plans
-- their reminder: a sweep in each lane in which the alert is sent, as people change lanes, with the units of its widest
-- ring. A unit that is done, or being worked on, is looked at again: at night there is none. Repeated, it changes nothing.
with wanted as (
    select * from unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::bigint[], $5::text[], $6::smallint[],
                         $7::timestamptz[], $8::integer[])
        as w(alert_id, shard_from, shard_to, batch_id, outcome, morning, due_at, recipients)
), noted as (
    insert into silently_notified (alert_id, shard_from, shard_to, batch_id, outcome, morning, recipients)
    select alert_id, shard_from, shard_to, batch_id, outcome, morning, recipients from wanted
    on conflict do nothing
    returning alert_id, shard_from, shard_to, morning
), mornings as (
    select alert_id, morning, min(due_at) as due_at from wanted group by alert_id, morning
), planned as (
    insert into sweep (alert_id, notice, ring, lane, version, due_at)
    select distinct m.alert_id, 'reminder', null::smallint, s.lane, m.morning, m.due_at
    from mornings m join sweep s on s.alert_id = m.alert_id and s.notice = 'alert'
    where not exists (select from sweep p where p.alert_id = m.alert_id and p.notice = 'reminder'
                      and p.lane = s.lane and p.version = m.morning)
    order by m.alert_id, s.lane, m.morning
    on conflict do nothing
    returning id, alert_id, lane
), units as (
    insert into sweep_unit (sweep_id, shard_from, shard_to)
    select p.id, u.shard_from, u.shard_to
    from planned p
    join lateral (select s.id from sweep s
                  where s.alert_id = p.alert_id and s.notice = 'alert' and s.lane = p.lane
                  order by s.ring desc limit 1) widest on true
    join sweep_unit u on u.sweep_id = widest.id and not u.entrants
)
update sweep_unit u
set done = false, reopened = u.lease_until is not null
from mornings m join sweep s on s.alert_id = m.alert_id and s.notice = 'reminder' and s.version = m.morning
where u.sweep_id = s.id and (u.done or u.lease_until is not null)
  and exists (select from noted n where n.alert_id = m.alert_id and n.morning = m.morning
              and n.shard_from < u.shard_to and n.shard_to > u.shard_from);
