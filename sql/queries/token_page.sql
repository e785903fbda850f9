-- Tokens after $1 by id; only those that open something where $3 is true.
select t.id, t.name, t.role, t.authority_id, t.created_at, t.expires_at, t.last_used_at, t.revoked_at, t.person_id
from bearer_token t
where t.id > $1 and (not $3::boolean or exists (select from valid_token v where v.id = t.id))
order by t.id limit $2;
