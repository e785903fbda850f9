-- A restart by its id, with whoever heard of it; one row with nulls while nobody has.
select r.lane, r.asked_at, h.process, h.outcome from lane_restart r
left join lane_restart_heard h on h.restart_id = r.id
where r.id = $1 order by h.process limit $2;
