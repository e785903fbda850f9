-- A passkey of a person, which nobody else uses within this transaction.
select id, public_key, signs from passkey
where person_id = $1 and credential = $2 and rp_id = $3 and removed_at is null for update;
