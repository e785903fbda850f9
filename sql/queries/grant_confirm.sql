-- The issuer says that the person of a session is there, who acts with the token $3 now, in all sessions; it stands for $4.
with extended as (
    update bearer_token set expires_at = now() + $4::interval
    where id = $3 and revoked_at is null and expires_at between now() and now() + $4::interval - interval '1 minute'
)
update browser_session set token_id = $3,
    confirmed_at = case when id = $1 then now() else confirmed_at end,
    checking_at = case when id = $1 then null else checking_at end,
    grant_sealed = case when id = $1 then $2::bytea else grant_sealed end
where (id = $1 or subject_id = (select subject_id from browser_session where id = $1)) and expires_at > now();
