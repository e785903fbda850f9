select s.notice, sum(u.accepted)::bigint as accepted, sum(u.invalid)::bigint as invalid,
       sum(u.refused)::bigint as refused, sum(u.quarantined)::bigint as quarantined, sum(u.failed)::bigint as failed
from sweep s join sweep_unit u on u.sweep_id = s.id
where s.alert_id = $1
group by s.notice order by s.notice;
