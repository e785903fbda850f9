-- Nobody changes what is said, or what is asked for, until the caller's transaction ends.
select content::text as content, status, expires from alert where id = $1 for share;
