-- The transitions that need no person, of all alerts but some ($2). An alert is `sent` when no due unit is left, `sending` again when another ring
-- comes due or its grace ends without a stop, and `expired` at its expiry. A pass for late entrants leaves it `sent`, and one
-- that is wanted is not forgotten when it is `sending` again.
-- Each kind is found through an index of what is due: an alert that rests is not looked at.
-- The query may run at any time and any number of times: an alert that a person moved meanwhile is left alone.
with first_sends as (
    select distinct s.alert_id
    from sweep s join ring r on r.alert_id = s.alert_id and r.ring = s.ring
    where s.open and s.due_at <= now() and s.notice = 'alert' and r.due_at <= now() and r.held is null
      and s.alert_id not in (select unnest($2::uuid[]))
      and exists (select from sweep_unit u where u.sweep_id = s.id and not u.done and u.passes = 0)
), judged as (
    select a.id, a.state as before, 'expired' as after from alert a
    where a.state in ('in_review', 'scheduled', 'sending', 'sent', 'paused') and a.expires <= now()
    union all
    select a.id, a.state, 'sending' from alert a
    where a.state = 'scheduled' and a.send_at <= now() and a.expires > now()
    union all
    select a.id, a.state, 'sent' from alert a
    where a.state = 'sending' and a.expires > now() and not exists (select from first_sends f where f.alert_id = a.id)
    union all
    select a.id, a.state, 'sending' from first_sends f join alert a on a.id = f.alert_id
    where a.state = 'sent' and a.expires > now()
)
update alert a
set state = j.after,
    sent_at = case when j.after = 'sent' then now() else a.sent_at end,
    ended_at = case when j.after = 'expired' then clock_timestamp() else a.ended_at end,
    next_sweep_at = case j.after when 'sent' then now() + $1::interval when 'sending' then a.next_sweep_at end
from judged j
where a.id = j.id and a.state = j.before
  and (j.after <> 'expired' or a.expires <= now())
  and a.id not in (select unnest($2::uuid[]))
  and (j.before <> 'scheduled' or j.after = 'expired' or a.send_at <= now())
returning a.id, j.before, j.after;
