-- The transitions that need no person. An alert is `sent` when no due unit is left, `sending` again when another ring
-- comes due or its grace ends without a stop, and `expired` at its expiry. A pass for late entrants leaves it `sent`.
-- The query may run at any time and any number of times: an alert that a person moved meanwhile is left alone.
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
  and (j.after <> 'expired' or a.expires <= now())
  and (j.before <> 'scheduled' or j.after = 'expired' or a.send_at <= now())
returning a.id, j.before, j.after;
