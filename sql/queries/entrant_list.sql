-- Up to $4 entrants of these alerts ($2) in a lane that are due, without those being worked on ($3).
select e.entry, e.alert_id, e.user_id from entrant e
where e.alert_id = any($2::uuid[]) and e.lane = $1 and e.due_at <= now() and e.entry not in (select unnest($3::bigint[]))
order by e.due_at limit $4;
