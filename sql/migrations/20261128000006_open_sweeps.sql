-- migrate:up
-- Work is claimed in two steps: a sweep that is open, then a unit of it. A sweep is open while a unit of it may have to
-- be done; what is not due yet, or over, is in no list that a claim reads.
alter table sweep
    add column open boolean not null default true,
    add column due_at timestamptz not null default now();
update sweep s set open = exists (select from sweep_unit u where u.sweep_id = s.id and not u.done);
update sweep s set due_at = r.due_at from ring r where r.alert_id = s.alert_id and r.ring = s.ring;
create index sweep_open on sweep (lane, due_at) where open;

-- Whoever opens a unit again opens its sweep, too, and waits for whoever is about to close it.
create function open_sweep() returns trigger language plpgsql as $$
begin
    update sweep set open = true where id = new.sweep_id;
    return null;
end $$;
create trigger sweep_unit_opened after update of done on sweep_unit
    for each row when (old.done and not new.done) execute function open_sweep();

-- A ring that comes due at another time takes its sweeps along.
create function move_sweeps() returns trigger language plpgsql as $$
begin
    update sweep set due_at = new.due_at where alert_id = new.alert_id and ring = new.ring;
    return null;
end $$;
create trigger ring_moved after update of due_at on ring
    for each row when (old.due_at <> new.due_at) execute function move_sweeps();

-- migrate:down
drop trigger ring_moved on ring;
drop function move_sweeps;
drop trigger sweep_unit_opened on sweep_unit;
drop function open_sweep;
drop index sweep_open;
alter table sweep drop column open, drop column due_at;
