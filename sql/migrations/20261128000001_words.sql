-- migrate:up
-- Renames columns, an outcome and an argument to the terms of the glossary; changes nothing else.
alter table alert rename column mistrusted to unverified_messages;
alter table alert rename column mistrusted_seen to unverified_messages_seen;
alter table proposal rename column wish to change_request;
alter table ledger rename column said to message_version;
alter table sweep_unit rename column said to message_version;
alter table sweep_unit rename column doubted to reopened;

alter table ledger drop constraint ledger_outcome_check;
update ledger set outcome = 'indeterminate' where outcome = 'unsure';
alter table ledger add constraint ledger_outcome_check
    check (outcome in ('accepted', 'invalid', 'refused', 'quarantined', 'failed', 'indeterminate'));

-- Returns whether a unit may be sent: the one rule behind claims and stops.
drop function may_send;
create function may_send(state text, version smallint, notice text, message_version smallint) returns boolean
    language sql immutable parallel safe
    return case notice
        when 'found' then state = 'found'
        when 'cancel' then state = 'cancelled'
        else state in ('sending', 'sent') and message_version = version
    end;

-- migrate:down
drop function may_send;
create function may_send(state text, version smallint, notice text, said smallint) returns boolean
    language sql immutable parallel safe
    return case notice
        when 'found' then state = 'found'
        when 'cancel' then state = 'cancelled'
        else state in ('sending', 'sent') and said = version
    end;
alter table ledger drop constraint ledger_outcome_check;
update ledger set outcome = 'unsure' where outcome = 'indeterminate';
alter table ledger add constraint ledger_outcome_check
    check (outcome in ('accepted', 'invalid', 'refused', 'quarantined', 'failed', 'unsure'));
alter table sweep_unit rename column reopened to doubted;
alter table sweep_unit rename column message_version to said;
alter table ledger rename column message_version to said;
alter table proposal rename column change_request to wish;
alter table alert rename column unverified_messages_seen to mistrusted_seen;
alter table alert rename column unverified_messages to mistrusted;
