select role, name from bearer_token where digest = $1 and revoked_at is null;
