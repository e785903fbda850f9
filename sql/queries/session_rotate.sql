-- Another cookie for a session, unless it has got one meanwhile.
update browser_session set digest_before = digest, digest = $3, rotated_at = now()
where id = $1 and digest = $2
returning id;
