insert into alert_author (alert_id, name, person_id) values ($1, $2, $3)
on conflict (alert_id, name) do update set person_id = coalesce(alert_author.person_id, excluded.person_id);
