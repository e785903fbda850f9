-- Takes its case number off an unverified draft of which nobody was notified, for the signed case that has the number by
-- right; withdraws it if it still waits. However it ended, anybody may have sent it so that it would. Returns its state.
with draft as (
    select a.id, a.case_id, a.state from alert a
    where a.id = $1 and not a.verified and a.state in ('in_review', 'cancelled', 'found', 'expired', 'closed')
      and not exists (select from notice n where n.alert_id = a.id and n.version > 1)
      and not exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                      where s.alert_id = a.id and (u.worked_by is not null or u.done))
    for update of a
), over as (
    update alert a set state = 'cancelled', ended_at = clock_timestamp() from draft where a.id = draft.id and draft.state = 'in_review'
)
update child_case c set case_number = c.case_number || ' / ' || $1::uuid from draft where c.id = draft.case_id
returning draft.state;
