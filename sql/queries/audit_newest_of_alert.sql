-- The newest events of an alert first, without reasons.
select e.seq, e.alert_id, e.content, e.digest, null, null
from audit_event e where e.alert_id = $1 order by e.seq desc limit $2;
