-- As authority_hold, for whoever has locked an alert already: nothing where the authority is being changed right now.
select review, grace_s from authority where id = $1 and revoked_at is null for share skip locked;
