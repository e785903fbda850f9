-- Forgets objects that have not been seen for $1: they are deleted. At most $2 at a time.
delete from page_count_taken where id in (
    select id from page_count_taken where seen_at < now() - $1::interval order by seen_at limit $2
);
