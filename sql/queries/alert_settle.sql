-- What happens by itself. An alert is sent when no unit that is due is left to do, sending again when another ring comes
-- due, sent out when nobody held it back in time, and expired when its time is over. Sweeping again for late entrants
-- leaves it sent. All of it can be said again without harm, and nothing overtakes what somebody does meanwhile.
with judged as (
    select a.id, a.state as before,
           case when a.expires <= now() then 'expired'
                when a.state = 'scheduled' and a.send_at <= now() then 'sending'
                when a.state not in ('sending', 'sent') then a.state
                when exists (select from ring r
                             join sweep s on s.alert_id = r.alert_id and s.ring = r.ring
                             join sweep_unit u on u.sweep_id = s.id
                             where r.alert_id = a.id and r.due_at <= now() and r.held is null
                               and not u.done and u.passes = 0) then 'sending'
                else 'sent' end as after
    from alert a where a.state in ('in_review', 'scheduled', 'sending', 'sent', 'paused')
)
update alert a
set state = j.after,
    sent_at = case when j.after = 'sent' then now() else a.sent_at end,
    ended_at = case when j.after = 'expired' then clock_timestamp() else a.ended_at end,
    next_sweep_at = case when j.after = 'sent' then now() + $1::interval end
from judged j
where a.id = j.id and a.state = j.before and j.before <> j.after
  and (j.after <> 'expired' or a.expires <= now()) and (j.before <> 'scheduled' or j.after = 'expired' or a.send_at <= now())
returning a.id, j.before, j.after;
