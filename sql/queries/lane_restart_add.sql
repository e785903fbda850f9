insert into lane_restart (lane) values ($1) returning id;
