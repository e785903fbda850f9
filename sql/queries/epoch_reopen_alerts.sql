-- Shards ($1) lost their people: whoever reports from the area of a live alert again is to be found again. A unit that is
-- leased now will not be marked done by its process.
with live as (
    select a.id, o.ring from alert a left join outer_ring o on o.alert_id = a.id where a.state in ('sending', 'sent', 'paused') and a.expires > now()
), sooner as (
    update alert a set next_sweep_at = least(case when a.next_sweep_at > a.swept_at then a.next_sweep_at end, now() + $2::interval)
    from live where a.id = live.id
)
update sweep_unit u
set done = false, passes = case when u.done then greatest(u.passes, 1) else u.passes end,
    reopened = u.lease_until is not null
from sweep s join live on live.id = s.alert_id and live.ring = s.ring
where u.sweep_id = s.id and not u.entrants and s.notice = 'alert'
  and exists (select from unnest($1::smallint[]) lost where lost >= u.shard_from and lost < u.shard_to)
returning s.alert_id;
