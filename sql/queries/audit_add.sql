-- Appends events, a column each, and the reasons of those that have one.
with events as (
    insert into audit_event (seq, alert_id, content, digest)
    select * from unnest($1::bigint[], $2::uuid[], $3::text[], $4::bytea[])
)
insert into audit_reason (seq, alert_id, salt, reason)
select one.seq, one.alert_id, one.salt, one.reason
from unnest($1::bigint[], $2::uuid[], $5::bytea[], $6::bytea[]) as one (seq, alert_id, salt, reason)
where one.reason is not null;
