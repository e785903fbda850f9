-- One row while an authority stands; whoever changes its secrets waits for the caller's transaction.
select id from authority where id = $1 and revoked_at is null for no key update;
