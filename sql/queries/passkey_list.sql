-- The passkeys of a person, or of all ($1 null), that are not removed.
select k.id, k.person_id, p.name, k.label, k.rp_id, k.created_at, k.used_at
from passkey k join person p on p.id = k.person_id
where k.removed_at is null and ($1::bigint is null or k.person_id = $1) order by k.id;
