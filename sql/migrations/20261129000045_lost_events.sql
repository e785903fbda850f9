-- migrate:up
-- Events that the record had, and lost when it went back: what was live was paused because of them, once. A record that
-- goes back once more loses what it noted since.
create table lost_event (
    seq bigint not null,
    digest bytea not null,
    noted_at timestamptz not null default now(),
    primary key (seq, digest)
);

-- migrate:down
drop table lost_event;
