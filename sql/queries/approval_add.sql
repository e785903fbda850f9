insert into approval (alert_id, name) values ($1, $2) on conflict do nothing returning alert_id;
