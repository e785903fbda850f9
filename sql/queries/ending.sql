-- Tokens that expire within $1, or expired at most $1 ago, but those of an issuer's people, who get others by themselves;
-- and authorities without a secret that outlasts $1, until they get one.
select 'token ' || id || ' (' || role || ')' as name, expires_at as ends_at
from bearer_token
where revoked_at is null and subject_id is null and expires_at between now() - $1::interval and now() + $1::interval
union all
select 'the webhook secret of ' || a.id, max(s.expires_at)
from authority a join authority_secret s on s.authority_id = a.id
where a.revoked_at is null
group by a.id
having count(*) = count(s.expires_at) and max(s.expires_at) < now() + $1::interval
order by ends_at limit $2;
