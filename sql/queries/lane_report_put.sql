-- Says how the lanes of a process ($1) stand; what is older than an hour is forgotten, whoever said it.
with forgotten as (
    delete from lane_report where at < now() - interval '1 hour'
)
insert into lane_report (process, lane, content)
select $1, lane, content::jsonb from unnest($2::text[], $3::text[]) as said (lane, content)
on conflict (process, lane) do update set content = excluded.content, at = now();
