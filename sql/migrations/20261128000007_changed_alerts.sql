-- migrate:up
-- Which transaction changed an alert, its rings or what is proposed for it last: a watcher reads what changed since it
-- looked, and nothing else.
alter table alert add column changed xid8 not null default pg_current_xact_id();
create index alert_changed on alert (changed);
create index alert_expiring on alert (expires) where state in ('in_review', 'scheduled', 'sending', 'sent', 'paused');
create index alert_scheduled on alert (send_at) where state = 'scheduled';
create index alert_swept on alert (next_sweep_at) where state = 'sent';
create index notice_at on notice (at) where version > 1;
drop index sweep_open;
create index sweep_open on sweep (due_at) where open;

create function note_change() returns trigger language plpgsql as $$
begin
    new.changed = pg_current_xact_id();
    return new;
end $$;
create trigger alert_changes before update on alert for each row execute function note_change();

create function note_change_of_part() returns trigger language plpgsql as $$
begin
    update alert set changed = pg_current_xact_id()
    where id = coalesce(new.alert_id, old.alert_id) and changed <> pg_current_xact_id();
    return null;
end $$;
create trigger ring_changes after insert or update on ring for each row execute function note_change_of_part();
create trigger proposal_changes after insert or update or delete on proposal
    for each row execute function note_change_of_part();
create trigger approval_changes after insert or update or delete on approval
    for each row execute function note_change_of_part();

-- migrate:down
drop trigger approval_changes on approval;
drop trigger proposal_changes on proposal;
drop trigger ring_changes on ring;
drop trigger alert_changes on alert;
drop function note_change_of_part;
drop function note_change;
drop index sweep_open;
create index sweep_open on sweep (lane, due_at) where open;
drop index notice_at;
drop index alert_swept;
drop index alert_scheduled;
drop index alert_expiring;
drop index alert_changed;
alter table alert drop column changed;
