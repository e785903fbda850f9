-- When an update of an alert ($1) that can wait is sent: with the one that waits already, or in a while ($2).
select coalesce(min(s.due_at), clock_timestamp() + $2::interval)
from sweep s join alert a on a.id = s.alert_id
where s.alert_id = $1 and s.notice = 'update' and s.version = a.version and s.due_at > clock_timestamp();
