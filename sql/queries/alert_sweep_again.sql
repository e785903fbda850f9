-- Late entrants, of all alerts but some ($2): the due rings that together are the area are swept again, minus the ledger, in each lane that is through
-- with all that is due: a lane that is stuck, in a pass or in its first send, does not hold up the others. While an alert
-- is being sent, the first pass is due at its deadline, unless one was wanted sooner.
-- A pass begins (`swept_at`) once a lane is through. As long as others are not, `next_sweep_at` is no later than
-- `swept_at`: each of them has that pass when it is through, by the number of passes of its units, so that whoever was
-- missed before the pass began is found in every lane. That ends when all have it, or the next pass is due.
with candidate as (
    select a.id, a.swept_at, a.next_sweep_at,
           coalesce(a.next_sweep_at > a.swept_at, true) or a.swept_at + $1::interval <= now() as anew
    from alert a
    where a.id in (select w.id from alert w where w.state = 'sent' and w.next_sweep_at <= now()
                   union all
                   select s.alert_id from sweep s
                   where s.open and s.due_at <= now() and s.notice = 'alert'
                     and s.alert_id not in (select unnest($2::uuid[]))
                     and exists (select from sweep_unit u where u.sweep_id = s.id and not u.done and u.passes = 0))
      and a.id not in (select unnest($2::uuid[])) and a.state in ('sending', 'sent') and a.expires > now()
      and coalesce(a.next_sweep_at, case a.state when 'sending' then a.deadline end) <= now()
), widest as (
    select c.id, s.id as sweep_id, s.lane, passes.fewest, passes.most
    from candidate c join outer_ring o on o.alert_id = c.id
    join sweep s on s.alert_id = o.alert_id and s.ring = o.ring and s.notice = 'alert'
    cross join lateral (select min(u.passes) as fewest, max(u.passes) as most
                        from sweep_unit u where u.sweep_id = s.id and not u.entrants) passes
), lane as (
    select w.id, w.lane, min(w.fewest) as passes, t.passes as target,
           not exists (select from sweep s join ring r on r.alert_id = s.alert_id and r.ring = s.ring
                       join sweep_unit u on u.sweep_id = s.id
                       where s.alert_id = w.id and s.lane = w.lane and s.notice = 'alert'
                         and r.due_at <= now() and r.held is null and not u.done) as through
    from widest w
    join (select c.id, max(w.most) + c.anew::integer as passes from candidate c join widest w on w.id = c.id
          group by c.id, c.anew) t on t.id = w.id
    group by w.id, w.lane, t.passes
), chosen as (
    -- Another process may have begun the pass since this one looked.
    select a.id from alert a join candidate c on c.id = a.id
    where a.id in (select l.id from lane l where l.through and l.passes < l.target) and a.state in ('sending', 'sent')
      and a.swept_at is not distinct from c.swept_at and a.next_sweep_at is not distinct from c.next_sweep_at
    for update of a skip locked
), noted as (
    update alert a
    set swept_at = case when c.anew then now() else a.swept_at end,
        next_sweep_at = case when exists (select from lane l where l.id = a.id and not l.through and l.passes < l.target)
                             then least(a.next_sweep_at, now())
                             else case when c.anew then now() else a.swept_at end + $1::interval end
    from chosen join candidate c on c.id = chosen.id
    where a.id = chosen.id
)
update sweep_unit u
set done = false, passes = l.target
from chosen join lane l on l.id = chosen.id and l.through and l.passes < l.target
join widest w on w.id = l.id and w.lane = l.lane
where u.sweep_id = w.sweep_id and u.done and not u.entrants
returning w.id;
