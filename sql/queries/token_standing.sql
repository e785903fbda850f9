-- The valid ones among these tokens, of these roles, or of all.
select v.digest from valid_token v join bearer_token t on t.id = v.id
where v.digest = any($1::bytea[]) and ($2::text[] is null or t.role = any($2::text[]));
