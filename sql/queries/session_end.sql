delete from browser_session where digest = $1 or digest_before = $1 returning token_id;
