-- migrate:up
-- What each process says of its lanes every few seconds: who has not said anything lately is gone.
create table lane_report (
    process uuid not null,
    lane text not null,
    content jsonb not null,
    at timestamptz not null default now(),
    primary key (process, lane)
);
create index on lane_report (at);

-- Restarts of lanes that somebody asked for, and what each process made of them.
create table lane_restart (
    id bigint generated always as identity primary key,
    lane text not null,
    asked_at timestamptz not null default now()
);
create index on lane_restart (asked_at);
create table lane_restart_heard (
    restart_id bigint not null references lane_restart,
    process uuid not null,
    outcome text not null,
    at timestamptz not null default now(),
    primary key (restart_id, process)
);

-- migrate:down
drop table lane_restart_heard, lane_restart, lane_report;
