-- The secrets of an authority, newest first, without what they are.
select id, created_at, expires_at from authority_secret where authority_id = $1 order by id desc limit $2;
