-- The alarms of a process ($1, called $2) as they stand now ($3), all of them: others of it have ended. One that another
-- process has had acknowledged is acknowledged. Processes that were not seen for $4 are forgotten with their alarms; one
-- that had the same name, after $5.
with me as (
    insert into server_process (id, name) values ($1, $2)
    on conflict (id) do update set seen_at = now(), name = excluded.name
    returning id
), given as (
    select * from jsonb_to_recordset($3::jsonb) as one (
        id uuid, subject text, kind text, lane text, alert uuid, about text, detail text, at timestamptz
    )
), ended as (
    delete from alarm a where a.process_id = $1 and not exists (select 1 from given where given.id = a.id)
), forgotten as (
    delete from server_process p
    where p.id <> $1 and (p.seen_at < now() - $4::interval or p.name = $2 and p.seen_at < now() - $5::interval)
)
insert into alarm (id, process_id, subject, kind, lane, alert_id, about, detail, raised_at, acknowledged_at, acknowledged_by, note)
select g.id, me.id, decode(g.subject, 'hex'), g.kind, g.lane, g.alert, g.about, g.detail, g.at,
       o.acknowledged_at, o.acknowledged_by, coalesce(o.note, '')
from me cross join given g
left join lateral (
    select a.acknowledged_at, a.acknowledged_by, a.note from alarm a
    where a.subject = decode(g.subject, 'hex') and a.process_id <> $1 and a.acknowledged_at is not null
    order by a.acknowledged_at desc limit 1
) o on true
on conflict (id) do nothing;
