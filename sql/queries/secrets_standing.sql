-- The secrets that verify webhooks today, of every authority that stands; at most $1.
select a.id, s.ciphertext
from authority a join authority_secret s on s.authority_id = a.id
where a.revoked_at is null and (s.expires_at is null or s.expires_at > now())
order by a.id, s.id limit $1;
