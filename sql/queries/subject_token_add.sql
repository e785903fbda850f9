-- Adds no row when the token is for an authority that is unknown or revoked.
insert into bearer_token (name, role, digest, expires_at, authority_id, person_id, subject_id)
select $1::text, $2::text, $3::bytea, now() + $4::interval, $5::text, $6::bigint, $7::bigint
where $5::text is null or exists (select from authority where id = $5 and revoked_at is null)
returning id;
