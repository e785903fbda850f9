-- One of all processes asks the issuer about a session that was not confirmed for $2; who asked within $3 still does.
update browser_session s set checking_at = now()
from issuer_subject u
where s.id = $1 and u.id = s.subject_id and s.expires_at > now() and s.confirmed_at < now() - $2::interval
  and (s.checking_at is null or s.checking_at < now() - $3::interval)
returning s.grant_sealed, s.subject_id, s.token_id, u.subject;
