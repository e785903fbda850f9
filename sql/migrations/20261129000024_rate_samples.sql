-- migrate:up
-- How many recipients of an alert were settled in a lane by when: the history of its rates. One row a lane and a span of
-- a few seconds, whichever process comes first; an alert that rests adds none, and what is older than an hour is thinned.
-- `span` is where such a span begins; the first row, of nobody, stands a microsecond before its own.
create table rate_sample (
    alert_id uuid not null references alert,
    lane text not null,
    span timestamptz not null,
    at timestamptz not null,
    settled bigint not null,
    primary key (alert_id, lane, span)
);

-- migrate:down
drop table rate_sample;
