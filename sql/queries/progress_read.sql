-- Late entrants are counted by $2 at a time: one more would say that somebody came into the area just now. `settled` is
-- exact, for the cap alone: what is shown may not follow from it. When late entrants were sent to is not said at all.
select s.alert_id, s.notice, s.version, s.lane, coalesce(s.ring, 0) as ring,
       sum(u.units)::integer as units, sum(u.searched)::integer as units_searched, sum(u.done)::integer as units_done,
       sum(u.found / u.step * u.step)::bigint as found, sum(u.accepted / u.step * u.step)::bigint as accepted,
       sum(u.invalid / u.step * u.step)::bigint as invalid, sum(u.refused / u.step * u.step)::bigint as refused,
       sum(u.quarantined / u.step * u.step)::bigint as quarantined, sum(u.failed / u.step * u.step)::bigint as failed,
       sum(u.accepted + u.invalid + u.refused + u.quarantined + u.failed)::bigint as settled,
       sum(u.opted_out)::bigint as opted_out,
       coalesce(sum(u.accepted / u.step * u.step) filter (where u.entrants), 0)::bigint as entrants,
       max(u.requested_at) filter (where not u.entrants) as requested_at
from sweep s cross join lateral (
    select w.entrants, case when w.entrants then $2::bigint else 1 end as step, count(*) filter (where not w.entrants) as units,
           count(*) filter (where w.searched and not w.entrants) as searched,
           count(*) filter (where w.done and not w.entrants) as done,
           sum(w.found)::bigint as found, sum(w.accepted)::bigint as accepted, sum(w.invalid)::bigint as invalid,
           sum(w.refused)::bigint as refused, sum(w.quarantined)::bigint as quarantined, sum(w.failed)::bigint as failed,
           sum(w.opted_out)::bigint as opted_out, max(w.requested_at) as requested_at
    from sweep_unit w where w.sweep_id = s.id group by w.entrants
) u
where s.alert_id = any($1::uuid[])
group by s.alert_id, s.notice, s.version, s.lane, s.ring
order by s.alert_id, s.version, s.notice, s.lane, s.ring;
