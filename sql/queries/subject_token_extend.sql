update bearer_token set expires_at = greatest(expires_at, now() + $2::interval) where id = $1 and revoked_at is null;
