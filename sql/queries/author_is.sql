-- Whether a person is an author; rows of servers that did not know persons have the name alone.
select exists (select from alert_author
               where alert_id = $1 and (person_id = $2::bigint or (person_id is null and name = $3)));
