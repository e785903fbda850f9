-- Other new ones of a stack ($1), but one ($2), are decided as well, at most $6, the first of them first; returns how many.
with decided as (
    update sighting set state = $3, revision = revision + 1, decided_by = $4, decided_at = clock_timestamp(),
                        duplicate_of = $5
    where id = any(array(select s.id from sighting s
                         where s.stack = $1 and s.state = 'new' order by s.received_at, s.id limit $6))
      and id <> $2 and id is distinct from $5 and state = 'new'
    returning 1
)
select count(*) from decided;
