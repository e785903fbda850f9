-- The bound is repeated for the reasons, so that the planner does not read them from the first one on.
select e.seq, e.alert_id, e.content, e.digest, r.salt, r.reason
from audit_event e left join audit_reason r on r.seq = e.seq and r.seq > $1
where e.seq > $1 order by e.seq limit $2;
