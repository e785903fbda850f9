insert into forgotten_user (user_id) select distinct unnest($1::bigint[])
on conflict (user_id) do update set at = now();
