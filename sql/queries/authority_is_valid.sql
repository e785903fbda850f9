-- Whether an authority stands, and where one is named whether a certificate is pinned for it.
select exists (select from authority where id = $1 and revoked_at is null)
   and ($2::text is null or exists (select from authority_certificate where authority_id = $1 and fingerprint = $2));
