select c.authority_id, c.fingerprint, c.not_after from authority_certificate c
join authority a on a.id = c.authority_id
where a.revoked_at is null and c.not_after < now() + $1::interval order by c.not_after limit 1000;
