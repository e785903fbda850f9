-- The valid ones among these tokens.
select t.digest from bearer_token t left join authority a on a.id = t.authority_id
where t.digest = any($1::bytea[]) and t.revoked_at is null and t.expires_at > now() and a.revoked_at is null;
