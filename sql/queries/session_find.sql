-- The session of a cookie by its digest ($1), in the name of a token that is valid. The cookie before counts for $2 after
-- it was replaced. A session that nobody used for $3 is over. `due`: its use is to be noted again.
select s.id, t.digest, s.expires_at, s.digest = $1 as current, now() - s.rotated_at as age,
       least(s.expires_at, s.used_at + $3::interval) - now() as left_before, u.issuer, now() - s.confirmed_at as unconfirmed,
       now() - s.created_at as since, s.used_at < now() - interval '1 minute' as due
from browser_session s join valid_token v on v.id = s.token_id join bearer_token t on t.id = v.id
left join issuer_subject u on u.id = s.subject_id
where (s.digest = $1 or s.digest_before = $1 and s.rotated_at > now() - $2::interval)
  and s.expires_at > now() and s.used_at > now() - $3::interval
limit 1;
