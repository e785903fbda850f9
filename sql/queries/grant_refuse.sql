-- The issuer does not confirm the person of a session any more ($2: why); returns whether another session of the token
-- was confirmed within $3.
with ended as (
    update browser_session set expires_at = least(expires_at, now()), ended = $2, grant_sealed = null, checking_at = null
    where id = $1 returning token_id
)
select e.token_id, exists (
    select from browser_session s where s.token_id = e.token_id and s.id <> $1 and s.expires_at > now()
                                    and s.confirmed_at > now() - $3::interval
) as others
from ended e;
