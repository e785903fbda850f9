select s.alert_id, s.notice, s.version, s.lane, coalesce(s.ring, 0) as ring,
       count(*) filter (where not u.entrants)::integer as units,
       count(*) filter (where u.searched and not u.entrants)::integer as units_searched,
       count(*) filter (where u.done and not u.entrants)::integer as units_done,
       sum(u.found)::bigint as found, sum(u.accepted)::bigint as accepted, sum(u.invalid)::bigint as invalid,
       sum(u.refused)::bigint as refused, sum(u.quarantined)::bigint as quarantined, sum(u.failed)::bigint as failed
from sweep s join sweep_unit u on u.sweep_id = s.id
where s.alert_id = any($1::uuid[])
group by s.alert_id, s.notice, s.version, s.lane, s.ring
order by s.alert_id, s.version, s.notice, s.lane, s.ring;
