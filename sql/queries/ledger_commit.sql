-- A commit whose answer was lost is repeated: rows that are there already are left alone, and not counted twice.
with landed as (
    insert into ledger (alert_id, notice, shard_from, shard_to, batch_id, outcome, lane, unit_id, recipients, packed,
                        message_version)
    select * from unnest($1::uuid[], $2::text[], $3::smallint[], $4::smallint[], $5::bigint[], $6::text[],
                         $7::text[], $8::bigint[], $9::integer[], $10::bytea[], $11::smallint[])
    on conflict do nothing
    returning unit_id, outcome, recipients
), counts as (
    select unit_id,
           coalesce(sum(recipients) filter (where outcome = 'accepted'), 0)::integer as accepted,
           coalesce(sum(recipients) filter (where outcome = 'invalid'), 0)::integer as invalid,
           coalesce(sum(recipients) filter (where outcome = 'refused'), 0)::integer as refused,
           coalesce(sum(recipients) filter (where outcome = 'quarantined'), 0)::integer as quarantined,
           coalesce(sum(recipients) filter (where outcome = 'failed'), 0)::integer as failed
    from landed group by unit_id
)
update sweep_unit u
set accepted = u.accepted + c.accepted, invalid = u.invalid + c.invalid,
    refused = u.refused + c.refused, quarantined = u.quarantined + c.quarantined, failed = u.failed + c.failed
from counts c where u.id = c.unit_id;
