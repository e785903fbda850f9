-- The content and the proposal stay the same until the caller's transaction ends.
select content::text as content, status, expires from alert where id = $1 for share;
