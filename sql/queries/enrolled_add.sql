-- Who is enrolled stays so, with the time of the first consent that is known.
insert into enrolled (user_id, consented_at) select unnest($1::bigint[]), $2::timestamptz
on conflict (user_id) do update set consented_at = coalesce(enrolled.consented_at, excluded.consented_at);
