-- migrate:up
-- How a case ended, in one word that names no one, and what is known of it; the latter goes with the child's data.
alter table alert
    add column outcome text check (outcome in ('safe', 'injured', 'deceased', 'never_missing', 'unfounded', 'other')),
    add column after_action jsonb;
create index alert_outcomes on alert (outcome, through_alert)
    where status = 'actual' and ended_at is not null;

-- An update that says that an alert which had ended goes on: it is for those who were notified of the end.
alter table notice add column reopens boolean not null default false;

-- A process that held the unit did not give it back: whom it notified then may not be in the ledger.
alter table sweep_unit add column interrupted boolean not null default false;

-- Returns whether a unit may be sent: the one rule behind claims and stops. An alert can end more than once, so the
-- version counts for `found` and `cancel`, too.
create or replace function may_send(state text, version smallint, notice text, message_version smallint) returns boolean
    language sql immutable parallel safe
    return message_version = version and case notice
        when 'found' then state = 'found'
        when 'cancel' then state = 'cancelled'
        else state in ('sending', 'sent')
    end;

-- migrate:down
create or replace function may_send(state text, version smallint, notice text, message_version smallint) returns boolean
    language sql immutable parallel safe
    return case notice
        when 'found' then state = 'found'
        when 'cancel' then state = 'cancelled'
        else state in ('sending', 'sent') and message_version = version
    end;
alter table sweep_unit drop column interrupted;
alter table notice drop column reopens;
drop index alert_outcomes;
alter table alert drop column after_action, drop column outcome;
