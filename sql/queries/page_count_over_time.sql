-- The same over time: by spans of $2, oldest first, at most $3 rows.
select date_bin($2, minute, '2000-01-01T00:00:00Z') as at, kind, sum(count)::bigint as count, max(weight) as weight
from page_count where alert_id = $1 group by 1, 2 order by 1, 2 limit $3;
