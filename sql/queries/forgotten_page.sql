select user_id, (extract(epoch from at) * 1000)::bigint from forgotten_user where user_id > $1 order by user_id limit $2;
