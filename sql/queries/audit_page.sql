-- The second bound lets the reasons be read from there on, too, and not from the first one.
select e.seq, e.alert_id, e.content, e.digest, r.salt, r.reason
from audit_event e left join audit_reason r on r.seq = e.seq and r.seq > $1
where e.seq > $1 order by e.seq limit $2;
