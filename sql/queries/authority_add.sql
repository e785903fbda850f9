insert into authority (id, name) values ($1, $2) on conflict (id) do nothing returning id;
