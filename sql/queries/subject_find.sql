select id, issuer, subject, name, person_id from issuer_subject where issuer = $1 and subject = $2;
