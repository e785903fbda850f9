-- migrate:up
-- Who signs in by an issuer (OpenID Connect): issuer and subject are the person, whatever they are called there.
-- `person_id` null: an administrator has to say whose it is, because somebody with a token of that name may be the same.
create table issuer_subject (
    id bigint generated always as identity primary key,
    issuer text not null,
    subject text not null,
    name text not null,
    person_id bigint references person,
    created_at timestamptz not null default now(),
    unique (issuer, subject)
);
create index on issuer_subject (person_id);

-- In whose name they act: a token whose text nobody has, one for each role that the issuer's groups give.
alter table bearer_token add column subject_id bigint references issuer_subject;
create index on bearer_token (subject_id) where subject_id is not null;

-- With what the issuer is asked again, encrypted; when it last said that the person is there; since when it is asked; and
-- why a session ended, if not by itself.
alter table browser_session
    add column subject_id bigint references issuer_subject,
    add column grant_sealed bytea,
    add column confirmed_at timestamptz,
    add column checking_at timestamptz,
    add column ended text;

-- migrate:down
alter table browser_session drop column ended, drop column checking_at, drop column confirmed_at,
    drop column grant_sealed, drop column subject_id;
alter table bearer_token drop column subject_id;
drop table issuer_subject;
