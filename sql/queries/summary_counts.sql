-- Late entrants are counted by $2 at a time: one more would say that somebody came into the area just now.
select u.notice, sum(u.accepted / u.step * u.step)::bigint as accepted, sum(u.invalid / u.step * u.step)::bigint as invalid,
       sum(u.refused / u.step * u.step)::bigint as refused, sum(u.quarantined / u.step * u.step)::bigint as quarantined,
       sum(u.failed / u.step * u.step)::bigint as failed
from (
    select s.notice, case when w.entrants then $2::bigint else 1 end as step,
           sum(w.accepted)::bigint as accepted, sum(w.invalid)::bigint as invalid, sum(w.refused)::bigint as refused,
           sum(w.quarantined)::bigint as quarantined, sum(w.failed)::bigint as failed
    from sweep s join sweep_unit w on w.sweep_id = s.id
    where s.alert_id = $1
    group by s.notice, s.lane, w.entrants
) u
group by u.notice order by u.notice;
