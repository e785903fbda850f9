-- Takes counts in, once for each object they came in. $1: the objects; then a row each: which object ($2), the code of the
-- page ($3), minute ($4), channel ($5), kind ($6), how many ($7). A page that was never published has no counts. A minute
-- before the page was there, or to come, is another clock's: it is moved into the life of the page. Returns what was added.
with objects as (
    insert into page_count_taken as t (id) select distinct unnest($1::uuid[])
    on conflict (id) do update set seen_at = clock_timestamp()
    returning t.id, t.xmax = 0 as is_new
), rows as (
    select p.alert_id, p.sample, r.channel, r.kind, sum(r.count)::bigint as count,
           date_trunc('minute', least(greatest(r.minute, p.first_made_at), now())) as minute
    from unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::bigint[])
             as r (object, code, minute, channel, kind, count)
    join objects o on o.id = r.object and o.is_new
    join page p on p.code = r.code and p.first_made_at is not null
    group by 1, 2, 3, 4, 6
), added as (
    insert into page_count as c (alert_id, minute, channel, kind, count, weight)
    select alert_id, minute, channel, kind, count, sample from rows order by alert_id, minute, channel, kind
    on conflict (alert_id, minute, channel, kind) do update set count = c.count + excluded.count
)
select channel, kind, sum(count * sample)::bigint as people from rows group by channel, kind order by channel, kind;
