-- An alert is sent when no unit that is due is left to do, sending again when another ring comes due, and expired when
-- its time is over. Sweeping again for late entrants leaves it sent. All of it can be said again without harm.
with judged as (
    select a.id,
           case when a.expires <= now() then 'expired'
                when exists (select from ring r
                             join sweep s on s.alert_id = r.alert_id and s.ring = r.ring
                             join sweep_unit u on u.sweep_id = s.id
                             where r.alert_id = a.id and r.due_at <= now() and r.held is null
                               and not u.done and u.passes = 0) then 'sending'
                else 'sent' end as state
    from alert a where a.state in ('sending', 'sent')
)
update alert a
set state = j.state,
    sent_at = case when j.state = 'sent' then now() else a.sent_at end,
    next_sweep_at = case when j.state = 'sent' then now() + $1::interval end
from judged j
where a.id = j.id and a.state <> j.state
returning a.id, a.state;
