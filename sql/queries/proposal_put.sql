-- A proposal replaces the one before it, and is a new revision: earlier approvals do not count for it.
with revised as (
    update alert set revision = revision + 1 where id = $1 returning id, revision
)
insert into proposal (alert_id, revision, action, change_request, person, by, reason, at, person_id, token_id)
select id, revision, $2, $3::jsonb, $4, $5, $6, now(), $7, $8 from revised
on conflict (alert_id) do update
set revision = excluded.revision, action = excluded.action, change_request = excluded.change_request,
    person = excluded.person, by = excluded.by, reason = excluded.reason, at = excluded.at,
    person_id = excluded.person_id, token_id = excluded.token_id
returning revision;
