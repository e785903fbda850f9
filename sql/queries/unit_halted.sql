-- Those of these units that may no longer be sent.
select u.id
from sweep_unit u
join sweep s on s.id = u.sweep_id
join alert a on a.id = s.alert_id
left join ring r on r.alert_id = s.alert_id and r.ring = s.ring
where u.id = any($1::bigint[])
  and not (may_send(a.state, a.version, s.notice, u.message_version) and r.held is null);
