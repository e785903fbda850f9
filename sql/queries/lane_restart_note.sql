insert into lane_restart_heard (restart_id, process, outcome) values ($1, $2, $3) on conflict do nothing;
