-- migrate:up
-- The alarms that stand in each process, as it wrote them last, and who acknowledged them. Rows go when their alarm ends
-- or their process leaves; those of a process that is gone a while later. `subject` is the digest of what an alarm is
-- about: rows of several processes with one subject are one alarm, which is acknowledged as a whole.
create table server_process (
    id uuid primary key,
    name text not null,
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now()
);

create table alarm (
    id uuid primary key,
    process_id uuid not null references server_process on delete cascade,
    subject bytea not null,
    kind text not null,
    lane text not null,
    alert_id uuid,
    about text not null,
    detail text not null,
    raised_at timestamptz not null,
    acknowledged_at timestamptz,
    acknowledged_by text,
    note text not null default ''
);
create index on alarm (process_id);
create index on alarm (subject);

-- migrate:down
drop table alarm, server_process;
