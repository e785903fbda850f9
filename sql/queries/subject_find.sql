-- A subject of an issuer, for which nobody else makes a token within this transaction.
select id, issuer, subject, name, person_id from issuer_subject where issuer = $1 and subject = $2 for update;
