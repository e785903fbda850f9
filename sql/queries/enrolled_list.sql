select user_id from enrolled order by user_id limit $1;
