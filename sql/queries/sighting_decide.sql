update sighting set state = $2, revision = revision + 1, decided_by = $3, decided_at = clock_timestamp(), duplicate_of = $4
where id = $1;
