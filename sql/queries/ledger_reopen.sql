-- A provider's verdicts on tokens do not count when our own configuration was at fault: their recipients are due again,
-- in the next pass where the unit was done already. Who was a late entrant is found by a pass, which comes now. A unit
-- that is leased now will not be marked done by its process.
with reopened as (
    delete from ledger l using alert a
    where a.id = l.alert_id and l.lane = $1 and l.outcome in ('invalid', 'quarantined')
      and a.state in ('sending', 'sent', 'paused', 'found', 'cancelled')
    returning l.unit_id, l.outcome, l.recipients
), counts as (
    select unit_id, coalesce(sum(recipients) filter (where outcome = 'invalid'), 0)::integer as invalid,
           coalesce(sum(recipients) filter (where outcome = 'quarantined'), 0)::integer as quarantined
    from reopened group by unit_id
), passes as (
    update alert a set next_sweep_at = now()
    where a.state in ('sending', 'sent', 'paused') and a.id in (select s.alert_id from counts c join sweep_unit u on u.id = c.unit_id
                                        join sweep s on s.id = u.sweep_id where u.entrants)
)
update sweep_unit u
set invalid = u.invalid - c.invalid, quarantined = u.quarantined - c.quarantined, done = u.entrants,
    passes = case when u.done then greatest(u.passes, 1) else u.passes end, reopened = u.lease_until is not null
from counts c where u.id = c.unit_id
returning c.invalid + c.quarantined as recipients;
