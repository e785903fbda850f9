-- migrate:up
-- Passkeys (WebAuthn) of persons: what may approve, release and cancel at the console where that is asked for. `rp_id`: the
-- name of the console for which it was made; `signs`: how often it has signed, as it says.
create table passkey (
    id bigint generated always as identity primary key,
    person_id bigint not null references person,
    credential bytea not null unique,
    public_key bytea not null,
    rp_id text not null,
    signs bigint not null,
    label text not null,
    created_at timestamptz not null default now(),
    used_at timestamptz,
    removed_at timestamptz
);
create index on passkey (person_id);

-- What a passkey is asked to sign: once, by this person, for this action on this alert in this revision.
create table passkey_challenge (
    challenge bytea primary key,
    person_id bigint not null references person,
    action text not null,
    alert_id uuid,
    detail text not null,
    expires_at timestamptz not null
);
create index on passkey_challenge (person_id);
create index on passkey_challenge (expires_at);

-- migrate:down
drop table passkey_challenge, passkey;
