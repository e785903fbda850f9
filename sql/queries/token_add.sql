insert into bearer_token (name, role, digest) values ($1, $2, $3) returning id;
