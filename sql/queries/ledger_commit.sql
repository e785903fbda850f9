-- A commit whose answer was lost is repeated: rows that are there already are left alone, and not counted twice.
with landed as (
    insert into ledger (alert_id, notice, shard_from, shard_to, batch_id, outcome, lane, unit_id, recipients, packed,
                        message_version, locale)
    select * from unnest($1::uuid[], $2::text[], $3::smallint[], $4::smallint[], $5::bigint[], $6::text[],
                         $7::text[], $8::bigint[], $9::integer[], $10::bytea[], $11::smallint[], $12::text[])
    on conflict do nothing
    returning alert_id, notice, shard_from, shard_to, outcome, unit_id, recipients, message_version
), late as (
    -- Who was notified before a follow-up notice and recorded after it began hears of it as well; and who was notified of
    -- an end, that the alert goes on.
    select distinct f.id
    from landed l join sweep s on s.alert_id = l.alert_id and s.notice <> 'alert' and s.version > l.message_version
    join sweep_unit f on f.sweep_id = s.id and f.shard_from < l.shard_to and f.shard_to > l.shard_from
    where (l.notice = 'alert' or (l.notice in ('found', 'cancel') and s.notice = 'update'))
      and l.outcome in ('accepted', 'indeterminate')
), counts as (
    select unit_id as id,
           coalesce(sum(recipients) filter (where outcome = 'accepted'), 0)::integer as accepted,
           coalesce(sum(recipients) filter (where outcome = 'invalid'), 0)::integer as invalid,
           coalesce(sum(recipients) filter (where outcome = 'refused'), 0)::integer as refused,
           coalesce(sum(recipients) filter (where outcome = 'quarantined'), 0)::integer as quarantined,
           coalesce(sum(recipients) filter (where outcome = 'failed'), 0)::integer as failed
    from landed group by unit_id
)
-- One update does both: of two in one statement PostgreSQL keeps one, and rows of a follow-up may land with late ones.
-- A unit that is leased now will not be marked done by its process.
update sweep_unit u
set done = u.done and w.late_id is null,
    reopened = case when w.late_id is null then u.reopened else u.lease_until is not null end,
    accepted = u.accepted + coalesce(w.accepted, 0), invalid = u.invalid + coalesce(w.invalid, 0),
    refused = u.refused + coalesce(w.refused, 0), quarantined = u.quarantined + coalesce(w.quarantined, 0),
    failed = u.failed + coalesce(w.failed, 0)
from (select coalesce(c.id, l.id) as id, l.id as late_id, c.accepted, c.invalid, c.refused, c.quarantined, c.failed
      from counts c full join late l on l.id = c.id) w
where u.id = w.id;
