insert into sign_in_link (digest, token_id, expires_at) values ($1, $2, now() + $3::interval);
