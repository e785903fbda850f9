insert into issuer_subject (issuer, subject, name, person_id) values ($1, $2, $3, $4)
returning id;
