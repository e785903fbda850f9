-- As subject_find.
select id, issuer, subject, name, person_id from issuer_subject where id = $1 for update;
