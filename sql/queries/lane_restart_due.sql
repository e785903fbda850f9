-- Restarts asked for within $2 of which a process ($1) has not heard.
select r.id, r.lane from lane_restart r
where r.asked_at > now() - $2::interval
  and not exists (select from lane_restart_heard h where h.restart_id = r.id and h.process = $1)
order by r.id limit 100;
