-- migrate:up
-- Who was notified without a sound at night, or in quiet hours of their own, may be reminded with a sound in the morning:
-- a row names a row of the ledger, whose recipients all are. `morning`: the day of the reminder, counted down from zero
-- (`push.message.sound.Morning`); it is the version of its sweeps, which no server of the version before may send then.
create table silently_notified (
    alert_id uuid not null,
    shard_from smallint not null,
    shard_to smallint not null,
    batch_id bigint not null,
    outcome text not null check (outcome in ('accepted', 'indeterminate')),
    morning smallint not null check (morning < 0),
    recipients integer not null,
    primary key (alert_id, shard_from, batch_id, outcome)
);

alter table sweep drop constraint sweep_notice_check,
    add constraint sweep_notice_check check (notice in ('alert', 'update', 'found', 'cancel', 'reminder')),
    add constraint sweep_morning check ((notice = 'reminder') = (version < 0)),
    -- Since when a reminder is sent: a process whose policy has reminders says so, with an event of the audit trail.
    add column begun_at timestamptz;
create index sweep_reminder on sweep (due_at) where notice = 'reminder';

-- migrate:down
drop table silently_notified;
delete from ledger where notice = 'reminder';
delete from sweep_unit u using sweep s where s.id = u.sweep_id and s.notice = 'reminder';
delete from sweep where notice = 'reminder';
drop index sweep_reminder;
alter table sweep drop column begun_at, drop constraint sweep_morning, drop constraint sweep_notice_check,
    add constraint sweep_notice_check check (notice in ('alert', 'update', 'found', 'cancel'));
