-- migrate:up
-- Users who asked to be forgotten, for as long as a Redis that goes back to an older state could bring them back.
create table forgotten_user (
    user_id bigint primary key,
    at timestamptz not null default now()
);
create index on forgotten_user (at);

-- migrate:down
drop table forgotten_user;
