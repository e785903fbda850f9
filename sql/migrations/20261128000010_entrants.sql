-- migrate:up
-- Users whose report brought them into the area of a live alert: they are to be notified, unless the ledger has them.
-- entry: by which two entries of the same user are told apart. due_at: when it is looked at next.
create table entrant (
    user_id bigint not null,
    alert_id uuid not null,
    lane text not null,
    shard smallint not null,
    entry bigint generated always as identity,
    due_at timestamptz not null default now(),
    primary key (user_id, alert_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index entrant_of_lane on entrant (alert_id, lane, shard);

-- When late entrants were notified last.
alter table alert add column entered_at timestamptz;

-- One unit of each lane of an alert is for its entrants, in whatever shard they are. It has nothing to do by itself, and
-- belongs to the sweep of the widest ring that is due.
alter table sweep_unit add column entrants boolean not null default false;
create index sweep_unit_entrants on sweep_unit (sweep_id) where entrants;
insert into sweep_unit (sweep_id, shard_from, shard_to, done, searched, passes, entrants)
select distinct on (s.alert_id, s.lane) s.id, 0, 1024, true, true, 1, true
from sweep s where s.notice = 'alert' order by s.alert_id, s.lane, s.ring;

-- Whichever version adds the first sweep of an alert in a lane, it has that unit.
create function add_entrants() returns trigger language plpgsql as $$
begin
    insert into sweep_unit (sweep_id, shard_from, shard_to, done, searched, passes, entrants)
    select new.id, 0, 1024, true, true, 1, true
    where not exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                      where s.alert_id = new.alert_id and s.lane = new.lane and u.entrants);
    return null;
end $$;
create trigger sweep_added after insert on sweep
    for each row when (new.notice = 'alert') execute function add_entrants();

-- migrate:down
drop trigger sweep_added on sweep;
drop function add_entrants;
delete from sweep_unit where entrants;
alter table sweep_unit drop column entrants;
alter table alert drop column entered_at;
drop table entrant;
