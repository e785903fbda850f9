-- Says which person a subject is, where that was open; null where it is not.
update issuer_subject set person_id = $2 where id = $1 and person_id is null returning name;
