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

-- Who was left out of a unit because they want no such message, as its last sweep found them; the ledger knows nothing
-- of it.
alter table sweep_unit add column opted_out integer not null default 0;

-- migrate:down
alter table sweep_unit drop column opted_out;
drop table preference;
