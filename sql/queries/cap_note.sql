insert into cap_message (authority_id, sender, identifier, sent, alert_id) values ($1, $2, $3, $4, $5)
on conflict do nothing;
