select id, issuer, subject, name, person_id from issuer_subject order by id;
