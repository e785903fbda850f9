-- The sweeps of these lanes ($1) that have a unit to claim, as far as can be told without looking at other sweeps: an alert
-- that goes on, a ring that is due and not held, a reminder that began, a unit that is free or whose lease has ended, and that
-- is not one of those that the caller cannot read ($2); without some sweeps ($3).
-- A pass for late entrants comes last, also while its alert is being sent, unless a first send of the alert waits for it, be
-- it of a later ring or of the same sweep: then it counts as that.
-- Read through an index of what is open and due, so that its cost follows that and not the alerts that live.
select s.id, s.lane, s.alert_id, s.notice, coalesce(waiting.nearness, r.nearness, r.ring, 0)::integer as ring,
       extract(epoch from coalesce(waiting.deadline, r.deadline, a.deadline) - now())::float8 as left_s,
       a.status <> 'actual' or (s.notice = 'alert' and free.passes > 0 and waiting.deadline is null) as is_last
from sweep s
join alert a on a.id = s.alert_id
left join ring r on r.alert_id = s.alert_id and r.ring = s.ring
cross join lateral (
    select u.passes from sweep_unit u
    where u.sweep_id = s.id and not u.done and (u.lease_until is null or u.lease_until < now())
      and u.id not in (select unnest($2::bigint[]))
    limit 1
) free
left join lateral (
    select b.deadline, coalesce(b.nearness, b.ring) as nearness
    from sweep w join ring b on b.alert_id = w.alert_id and b.ring = w.ring
    where free.passes > 0 and a.state = 'sending' and s.notice = 'alert' and w.notice = 'alert'
      and w.alert_id = s.alert_id and w.lane = s.lane
      and (b.due_at, b.ring) >= (r.due_at, r.ring) and b.due_at <= now() and b.held is null
      and exists (select from sweep_unit n
                  where n.sweep_id = w.id and not n.done and n.passes = 0 and n.id not in (select unnest($2::bigint[])))
    order by b.due_at, b.ring limit 1
) waiting on true
where s.open and s.lane = any($1::text[]) and s.due_at <= now() and s.id not in (select unnest($3::bigint[]))
  and may_send(a.state, a.version, s.notice, case when s.notice in ('alert', 'reminder') then a.version else s.version end)
  and (s.notice <> 'alert' or (a.expires > now() and r.due_at <= now() and r.held is null))
  and (s.notice <> 'reminder' or (a.expires > now() and s.begun_at is not null))
order by s.id;
