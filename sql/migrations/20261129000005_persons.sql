-- migrate:up
-- Who acts: a token belongs to a person, and rules for two people compare persons. `folded`: the name as it compares;
-- `skeleton`: what it looks like (push/alerts/people/names.py). Tokens and approvals that stood before get their persons
-- by their names as soon as a server or a command of this version opens the database (sql/persons.py).
create table person (
    id bigint generated always as identity primary key,
    name text not null,
    folded text not null unique,
    skeleton text not null,
    created_at timestamptz not null default now()
);
create index on person (skeleton);

alter table bearer_token add column person_id bigint references person;
create index on bearer_token (person_id);
alter table approval add column person_id bigint references person, add column token_id bigint references bearer_token;
alter table proposal add column person_id bigint references person, add column token_id bigint references bearer_token;
alter table alert_author add column person_id bigint references person;
create index on approval (token_id);

-- Which tokens open something.
create view valid_token as
select t.id, t.digest, t.person_id, t.authority_id from bearer_token t left join authority a on a.id = t.authority_id
where t.revoked_at is null and t.expires_at > now() and a.revoked_at is null;

-- Which approvals count: those whose token is valid. One that was given before tokens stood here counts while any token
-- of its person is.
create view counted_approval as
select p.alert_id, p.revision, p.name, p.at, p.person_id, p.token_id from approval p
where case when p.token_id is not null then exists (select from valid_token t where t.id = p.token_id)
           when p.person_id is not null then exists (select from valid_token t where t.person_id = p.person_id)
           else true end;

-- Since when an alert waits for a person because who filed it may no longer be believed.
alter table alert add column distrusted_at timestamptz;

-- Which pinned certificate signed a message of CAP; null: the webhook's signature, or not known.
alter table cap_message add column certificate text;

-- migrate:down
alter table cap_message drop column certificate;
alter table alert drop column distrusted_at;
drop view counted_approval;
drop view valid_token;
alter table alert_author drop column person_id;
alter table proposal drop column token_id, drop column person_id;
alter table approval drop column token_id, drop column person_id;
alter table bearer_token drop column person_id;
drop table person;
