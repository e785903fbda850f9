-- How many people the first message of an alert was sent to, with whatever outcome.
select coalesce(sum(u.accepted + u.invalid + u.refused + u.quarantined + u.failed), 0)::bigint
from sweep s join sweep_unit u on u.sweep_id = s.id where s.alert_id = $1 and s.notice = 'alert';
