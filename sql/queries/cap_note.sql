insert into cap_message (authority_id, sender, identifier, sent, alert_id, kind, digest, certificate)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict do nothing;
