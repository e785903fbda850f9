-- Frees the case number of an unverified draft of which no one was notified, for the signed case with that number, and
-- cancels the draft if it still waits. An ended draft is included, because anyone may have sent it with an early end.
-- Returns the state before.
with draft as (
    select a.id, a.case_id, a.state from alert a
    where a.id = $1 and not a.verified and a.state in ('in_review', 'cancelled', 'found', 'expired', 'closed')
      and not exists (select from notice n where n.alert_id = a.id and n.version > 1)
      and not exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                      where s.alert_id = a.id and (u.worked_by is not null or u.done) and not u.entrants)
    for update of a
), over as (
    update alert a set state = 'cancelled', ended_at = clock_timestamp() from draft
    where a.id = draft.id and draft.state = 'in_review'
)
update child_case c set case_number = c.case_number || ' / ' || $1::uuid from draft where c.id = draft.case_id
returning draft.state;
