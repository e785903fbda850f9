insert into alert_author (alert_id, name) values ($1, $2) on conflict do nothing;
