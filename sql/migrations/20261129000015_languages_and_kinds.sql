-- migrate:up
-- In which of the alert's languages its recipients were notified: follow-up notices come in the same one. Null: not
-- known, as of rows that an earlier version writes.
alter table ledger add column locale text check (length(locale) <= 35);

-- Who is missing: rings, sound and counts are by kind.
alter table alert add column subject_kind text not null default 'child'
    check (subject_kind in ('child', 'dementia', 'disability'));

-- migrate:down
alter table alert drop column subject_kind;
alter table ledger drop column locale;
