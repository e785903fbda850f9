-- A passkey of a person, who has fewer than $7; null where it is known, or there are as many.
insert into passkey (person_id, credential, public_key, rp_id, signs, label)
select $1::bigint, $2::bytea, $3::bytea, $4::text, $5::bigint, $6::text
where (select count(*) from passkey where person_id = $1 and removed_at is null) < $7::bigint
on conflict (credential) do nothing
returning id;
