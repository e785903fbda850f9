-- The second bound lets the reasons be read from there on, too, and not from the first one.
select e.seq, e.alert_id, e.content, e.digest, r.salt, r.reason
from audit_event e left join audit_reason r on r.seq = e.seq and r.seq > $2
where e.alert_id = $1 and e.seq > $2 order by e.seq limit $3;
