-- migrate:up
-- Why somebody did what the trail says. The trail stays for ever and holds a digest of it; this goes with the child's data.
create table audit_reason (
    seq bigint primary key,
    alert_id uuid,
    salt bytea not null,
    reason bytea not null
);
create index on audit_reason (alert_id);
create trigger audit_reason_as_written before update on audit_reason
    for each row execute function refuse_change();

-- migrate:down
drop table audit_reason;
