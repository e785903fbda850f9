select id, name, role, authority_id, created_at, expires_at, last_used_at, revoked_at, person_id
from bearer_token order by id;
