-- migrate:up
-- Whose signatures on CAP an authority stands for: these certificates and no others.
create table authority_certificate (
    authority_id text not null references authority,
    fingerprint text not null,
    pem text not null,
    not_after timestamptz not null,
    pinned_at timestamptz not null default now(),
    primary key (authority_id, fingerprint)
);

-- Which alert a message of an authority was about, so that later messages may refer to any of them.
create table cap_message (
    authority_id text not null references authority,
    sender text not null,
    identifier text not null,
    sent timestamptz not null,
    alert_id uuid not null references alert,
    primary key (authority_id, sender, identifier, sent)
);

-- migrate:down
drop table cap_message, authority_certificate;
