insert into authority_secret (authority_id, ciphertext) values ($1, $2);
