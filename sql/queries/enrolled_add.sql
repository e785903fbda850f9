insert into enrolled (user_id) select unnest($1::bigint[]) on conflict do nothing;
