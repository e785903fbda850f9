-- One more challenge for a person, of whom the newest $7 stay.
with kept as (
    select challenge from passkey_challenge where person_id = $2 order by expires_at desc limit $7
), gone as (
    delete from passkey_challenge where person_id = $2 and challenge not in (select challenge from kept)
)
insert into passkey_challenge (challenge, person_id, action, alert_id, detail, expires_at)
values ($1, $2, $3, $4, $5, now() + $6::interval);
