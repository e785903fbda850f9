insert into case_sealed (case_id, ciphertext) values ($1, $2)
on conflict (case_id) do update set ciphertext = excluded.ciphertext;
