-- migrate:up
-- What users prefer: one row a user who ever said so. `content`: JSON, '{}' for a user who went back to the defaults, which
-- stays for as long as a Redis that goes back to an older state could bring back what was before.
create table preference (
    user_id bigint primary key,
    shard smallint not null check (shard between 0 and 1023),
    content text not null check (octet_length(content) between 2 and 1024),
    changed_at timestamptz not null default clock_timestamp()
);
create index on preference (shard, user_id);
create index on preference (changed_at, user_id);
create index on preference (changed_at) where content = '{}';

-- migrate:down
drop table preference;
