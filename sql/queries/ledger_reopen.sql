-- A provider's verdicts on tokens do not count when our own configuration was at fault: their recipients are due again,
-- in the next pass where the unit was done already. A unit that is leased now will not be marked done by its process.
with reopened as (
    delete from ledger l using alert a
    where a.id = l.alert_id and l.lane = $1 and l.outcome in ('invalid', 'quarantined')
      and a.state in ('sending', 'sent', 'paused', 'found', 'cancelled')
    returning l.unit_id, l.outcome, l.recipients
), counts as (
    select unit_id, coalesce(sum(recipients) filter (where outcome = 'invalid'), 0)::integer as invalid,
           coalesce(sum(recipients) filter (where outcome = 'quarantined'), 0)::integer as quarantined
    from reopened group by unit_id
)
update sweep_unit u
set invalid = u.invalid - c.invalid, quarantined = u.quarantined - c.quarantined, done = false,
    passes = case when u.done then greatest(u.passes, 1) else u.passes end, reopened = u.lease_until is not null
from counts c where u.id = c.unit_id
returning c.invalid + c.quarantined as recipients;
