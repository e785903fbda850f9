-- Again by the same person: the approval before does not count, because its token is over or revoked.
insert into approval (alert_id, revision, name, person_id, token_id) values ($1, $2, $3, $4, $5)
on conflict (alert_id, revision, name) do update
set person_id = excluded.person_id, token_id = excluded.token_id, at = now();
