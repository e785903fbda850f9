-- Every process, whether it was not seen for $1, and its alarms, the oldest first: at most $2 rows.
select p.id, p.name, p.seen_at, p.seen_at < now() - $1::interval as gone,
       a.id, a.kind, a.lane, a.alert_id, a.about, a.detail, a.raised_at, a.acknowledged_at, a.acknowledged_by, a.note
from server_process p left join alarm a on a.process_id = p.id
order by a.raised_at, a.id, p.id limit $2;
