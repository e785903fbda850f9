-- migrate:up
-- Another number for everything that people are asked to approve: whoever approves says which one was read.
alter table alert add column revision integer not null default 1;
alter table approval add column revision integer not null default 1,
    drop constraint approval_pkey, add primary key (alert_id, revision, name);

-- When an alert got a longer life: what is published then is another message.
alter table alert add column extended timestamptz[] not null default '{}';

-- Somebody's outcome in a unit was taken back while it was held: it is not done when it ends.
alter table sweep_unit add column doubted boolean not null default false;

-- What a message of an authority said: another one with the same sender, identifier and time is not the same.
alter table cap_message add column kind text not null default 'Update' check (kind in ('Alert', 'Update', 'Cancel')),
    add column digest bytea;
alter table cap_message alter column kind drop default;

-- What would make an alert that people were told of say or reach more, and waits for approval: one at a time. `wish` has
-- the texts, the radius or the hours.
create table proposal (
    alert_id uuid primary key references alert,
    revision integer not null,
    action text not null check (action in ('update', 'widen', 'extend')),
    wish jsonb not null,
    person text not null,
    by text not null,
    reason text not null,
    at timestamptz not null
);

-- migrate:down
drop table proposal;
alter table sweep_unit drop column doubted;
alter table cap_message drop column kind, drop column digest;
delete from approval p using alert a where a.id = p.alert_id and p.revision <> a.revision;
alter table approval drop constraint approval_pkey, drop column revision, add primary key (alert_id, name);
alter table alert drop column extended, drop column revision;
