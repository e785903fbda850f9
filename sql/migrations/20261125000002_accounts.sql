-- migrate:up
-- Every token ends; one that stood before this has a year from now.
alter table bearer_token
    add column expires_at timestamptz not null default now() + interval '365 days',
    add column last_used_at timestamptz;

-- migrate:down
alter table bearer_token drop column last_used_at, drop column expires_at;
