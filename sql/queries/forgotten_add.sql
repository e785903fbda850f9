with entered as (delete from entrant where user_id = any($1::bigint[]))
insert into forgotten_user (user_id) select distinct unnest($1::bigint[])
on conflict (user_id) do update set at = now();
