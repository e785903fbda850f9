-- migrate:up
-- Who may have been told, because a request was not answered: told how the alert ended, and tried again until then.
alter table ledger drop constraint ledger_outcome_check,
    add constraint ledger_outcome_check
        check (outcome in ('accepted', 'invalid', 'refused', 'quarantined', 'failed', 'unsure'));

-- migrate:down
delete from ledger where outcome = 'unsure';
alter table ledger drop constraint ledger_outcome_check,
    add constraint ledger_outcome_check
        check (outcome in ('accepted', 'invalid', 'refused', 'quarantined', 'failed'));
