-- The present secrets get an expiry, so that the authority can change over without a gap.
update authority_secret set expires_at = now() + $2::interval
where authority_id = $1 and expires_at is null;
