-- migrate:up
create table authority (
    id text primary key check (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name text not null,
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);

-- Ciphertexts only: the key is in the configuration, so a dump of this table does not let anyone sign.
create table authority_secret (
    id bigint generated always as identity primary key,
    authority_id text not null references authority,
    ciphertext bytea not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz
);
create index on authority_secret (authority_id);

create table bearer_token (
    id bigint generated always as identity primary key,
    name text not null,
    role text not null check (role in ('platform', 'viewer', 'operator', 'approver', 'admin')),
    digest bytea not null unique,
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);

create table child_case (
    id bigint generated always as identity primary key,
    authority_id text not null references authority,
    case_number text not null,
    content_digest bytea not null,
    content jsonb not null,
    received_at timestamptz not null,
    unique (authority_id, case_number)
);

create table alert (
    id uuid primary key,
    case_id bigint not null unique references child_case,
    status text not null check (status in ('actual', 'exercise', 'test')),
    state text not null check (state in ('sending', 'sent', 'expired')),
    received_at timestamptz not null,
    deadline timestamptz not null,
    expires timestamptz not null,
    longitude double precision not null check (longitude between -180 and 180),
    latitude double precision not null check (latitude between -90 and 90),
    radius_km double precision not null check (radius_km > 0),
    title text not null,
    body text not null,
    estimate jsonb,
    sent_at timestamptz
);
create index alert_running on alert (deadline) where state = 'sending';

create table webhook_receipt (
    authority_id text not null references authority,
    webhook_id text not null,
    body_digest bytea not null,
    answer_status smallint not null,
    answer bytea not null,
    received_at timestamptz not null,
    primary key (authority_id, webhook_id)
);
create index on webhook_receipt (received_at);

create table sweep (
    id bigint generated always as identity primary key,
    alert_id uuid not null references alert,
    notice text not null check (notice in ('alert', 'update', 'found', 'cancel')),
    ring smallint not null,
    lane text not null,
    radius_km double precision not null,
    unique (alert_id, notice, ring, lane)
);

-- The unit of work: a span of shards of one sweep, claimed with a lease, done when all its batches are in the ledger.
create table sweep_unit (
    id bigint generated always as identity primary key,
    sweep_id bigint not null references sweep,
    shard_from smallint not null,
    shard_to smallint not null check (shard_to > shard_from),
    done boolean not null default false,
    lease_owner uuid,
    lease_until timestamptz,
    worked_by uuid,
    searched boolean not null default false,
    found integer not null default 0,
    accepted integer not null default 0,
    invalid integer not null default 0,
    refused integer not null default 0,
    failed integer not null default 0
);
create index sweep_unit_due on sweep_unit (sweep_id) where not done;
create index on sweep_unit (sweep_id);

-- Who was told what: one row for the recipients of one shard in one batch, their ids packed (push/packing.py).
create table ledger (
    alert_id uuid not null,
    notice text not null,
    shard smallint not null,
    batch_id bigint not null,
    outcome text not null check (outcome in ('accepted', 'invalid', 'refused', 'failed')),
    lane text not null,
    unit_id bigint not null,
    recipients integer not null check (recipients > 0),
    packed bytea not null,
    at timestamptz not null default now(),
    primary key (alert_id, notice, shard, batch_id, outcome)
);
alter table ledger alter column packed set storage external;

-- migrate:down
drop table ledger, sweep_unit, sweep, webhook_receipt, alert, child_case, bearer_token, authority_secret, authority;
