select s.ciphertext
from authority_secret s join authority a on a.id = s.authority_id
where a.id = $1 and a.revoked_at is null and (s.expires_at is null or s.expires_at > now())
order by s.id desc limit $2;
