insert into authority_certificate (authority_id, fingerprint, pem, not_after) values ($1, $2, $3, $4)
on conflict (authority_id, fingerprint) do nothing;
