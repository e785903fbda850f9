select e.seq, e.alert_id, e.content, e.digest, r.salt, r.reason, a.child_deleted_at is not null as forgotten
from audit_event e left join audit_reason r on r.seq = e.seq left join alert a on a.id = e.alert_id
where e.seq > $1 order by e.seq limit $2;
