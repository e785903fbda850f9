select exists (select from valid_token where id = $1);
