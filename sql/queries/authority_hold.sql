-- None for a revoked authority. The lock holds a revocation back until this case is committed, which it then holds.
select review, grace_s from authority where id = $1 and revoked_at is null for share;
