select user_id from enrolled where user_id = any($1::bigint[]);
