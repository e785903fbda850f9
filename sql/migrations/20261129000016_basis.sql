-- migrate:up
-- What only the police and those who judge a case read, encrypted with a key that is not in the database, and which opens
-- it for this case alone.
create table case_sealed (
    case_id bigint primary key references child_case on delete cascade,
    ciphertext bytea not null
);

-- Which items of the checklist an authority is asked for; none: what is given counts all the same.
alter table authority add column asks text[] not null default '{}';

-- Why an alert was held for approval: words of push/alerts/review.py, nothing that somebody wrote.
-- area_version: how often the jurisdiction of an alert has changed, so that no process goes by an area of before.
alter table alert
    add column held_for text[] not null default '{}',
    add column area_version integer not null default 1;

-- Other authorities that a case's own has invited to it, and those that have countersigned it.
create table case_authority (
    case_id bigint not null references child_case on delete cascade,
    authority_id text not null references authority,
    invited_at timestamptz not null default now(),
    countersigned_at timestamptz,
    primary key (case_id, authority_id)
);
create index on case_authority (authority_id, case_id) where countersigned_at is not null;

-- migrate:down
drop table case_authority;
alter table alert drop column area_version, drop column held_for;
alter table authority drop column asks;
drop table case_sealed;
