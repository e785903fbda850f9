-- migrate:up
-- How an authority's cases are reviewed before anybody is told (push/review.py).
alter table authority
    add column review text not null default 'auto' check (review in ('auto', 'grace', 'approve', 'two-person')),
    add column grace_s integer not null default 60 check (grace_s between 1 and 1800);

-- An officer's token belongs to the authority that he files for: he approves none of its cases.
alter table bearer_token add column authority_id text references authority;

alter table alert drop constraint alert_state_check,
    add constraint alert_state_check check (state in ('received', 'in_review', 'scheduled', 'sending', 'sent', 'paused',
                                                      'cancelled', 'found', 'expired', 'closed')),
    add column verified boolean not null default true,
    add column review text not null default 'auto' check (review in ('auto', 'grace', 'approve', 'two-person')),
    -- Of a scheduled alert: from when it is sent unless somebody holds it back.
    add column send_at timestamptz,
    -- Of what is said: each update and the last word (found, cancel) is another version.
    add column version smallint not null default 1,
    add column audience_max bigint,
    add column ended_at timestamptz,
    add column through_alert boolean,
    add column child_deleted_at timestamptz,
    add column recipients_deleted_at timestamptz;
alter table alert alter column review drop default, alter column verified drop default;
drop index alert_running;
create index alert_running on alert (deadline) where state in ('received', 'in_review', 'scheduled', 'sending', 'sent', 'paused');
update alert set ended_at = expires where state = 'expired';

-- Who put a hand to what an alert says or reaches, and so does not approve it.
create table alert_author (
    alert_id uuid not null references alert,
    name text not null,
    primary key (alert_id, name)
);

create table approval (
    alert_id uuid not null references alert,
    name text not null,
    at timestamptz not null default now(),
    primary key (alert_id, name)
);

-- Everything said of an alert, in order: the first message, updates, the last word.
create table notice (
    alert_id uuid not null references alert,
    version smallint not null check (version > 0),
    notice text not null check (notice in ('alert', 'update', 'found', 'cancel')),
    at timestamptz not null,
    primary key (alert_id, version)
);
insert into notice (alert_id, version, notice, at) select id, 1, 'alert', received_at from alert;

-- A sweep of the first message goes over a ring; one of any other notice over those who were told, without a ring.
alter table sweep add column version smallint not null default 1,
    alter column ring drop not null,
    drop constraint sweep_alert_id_notice_ring_lane_key,
    add constraint sweep_once unique nulls not distinct (alert_id, notice, version, ring, lane),
    add constraint sweep_ring check ((notice = 'alert') = (ring is not null));

-- Which version whoever claimed a unit says, and the same in the ledger: so that an update goes to those told before it.
alter table sweep_unit add column said smallint;
alter table ledger add column said smallint not null default 1;

-- Whether a unit may be sent: the one rule behind claims and stops.
create function may_send(state text, version smallint, notice text, said smallint) returns boolean
    language sql immutable parallel safe
    return case notice
        when 'found' then state = 'found'
        when 'cancel' then state = 'cancelled'
        else state in ('sending', 'sent') and said = version
    end;

-- Who agreed to be reached by exercises.
create table enrolled (
    user_id bigint primary key check (user_id > 0),
    at timestamptz not null default now()
);

-- What was done by whom: `content` is what `digest` is the SHA-256 of, and holds the digest of the event before.
create table audit_event (
    seq bigint primary key check (seq > 0),
    alert_id uuid,
    content text not null,
    digest bytea not null
);
create index on audit_event (alert_id, seq) where alert_id is not null;
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the audit trail is only appended to';
end $$;
create trigger audit_append_only before update or delete on audit_event
    for each row execute function refuse_change();
create trigger audit_never_emptied before truncate on audit_event
    for each statement execute function refuse_change();

-- migrate:down
drop table audit_event, enrolled, notice, approval, alert_author;
drop function refuse_change;
drop function may_send;
alter table ledger drop column said;
alter table sweep_unit drop column said;
delete from ledger where notice <> 'alert';
delete from sweep_unit where sweep_id in (select id from sweep where notice <> 'alert');
delete from sweep where notice <> 'alert';
alter table sweep drop constraint sweep_ring, drop constraint sweep_once, drop column version,
    alter column ring set not null, add unique (alert_id, notice, ring, lane);
drop index alert_running;
update alert set state = 'expired' where state not in ('sending', 'sent', 'expired');
alter table alert drop constraint alert_state_check,
    add constraint alert_state_check check (state in ('sending', 'sent', 'expired')),
    drop column recipients_deleted_at, drop column child_deleted_at, drop column through_alert, drop column ended_at,
    drop column audience_max, drop column version, drop column send_at, drop column review, drop column verified;
create index alert_running on alert (deadline) where state in ('sending', 'sent');
alter table bearer_token drop column authority_id;
alter table authority drop column grace_s, drop column review;
