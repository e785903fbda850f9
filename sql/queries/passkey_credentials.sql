select credential from passkey where person_id = $1 and rp_id = $2 and removed_at is null order by id;
