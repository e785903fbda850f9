-- Sessions in use whose issuer did not say for $1 that the person is there: used within $2, or with an open feed (the
-- digests $3 of tokens). Nobody has asked within $4.
select s.id from browser_session s join bearer_token t on t.id = s.token_id
where s.subject_id is not null and s.expires_at > now() and s.confirmed_at < now() - $1::interval
  and (s.used_at > now() - $2::interval or t.digest = any($3::bytea[]))
  and (s.checking_at is null or s.checking_at < now() - $4::interval)
order by s.confirmed_at limit $5;
