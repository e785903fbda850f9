select content from preference where user_id = $1;
