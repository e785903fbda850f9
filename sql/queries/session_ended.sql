-- Why the session of a cookie ended, if not by itself.
select ended from browser_session where digest = $1 or digest_before = $1 limit 1;
