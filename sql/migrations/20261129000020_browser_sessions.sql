-- migrate:up
-- Who is signed in at the console: the digest of a cookie, and the token in whose name its holder acts. A cookie is
-- replaced now and then; the one before works a moment longer, because a browser may have sent it already.
create table browser_session (
    id bigint generated always as identity primary key,
    digest bytea not null unique,
    digest_before bytea,
    token_id bigint not null references bearer_token,
    created_at timestamptz not null default now(),
    rotated_at timestamptz not null default now(),
    used_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index on browser_session (digest_before) where digest_before is not null;
create index on browser_session (token_id);
create index on browser_session (expires_at);

-- A link that signs somebody in once: the digest of its code.
create table sign_in_link (
    digest bytea primary key,
    token_id bigint not null references bearer_token,
    expires_at timestamptz not null
);

-- migrate:down
drop table sign_in_link, browser_session;
