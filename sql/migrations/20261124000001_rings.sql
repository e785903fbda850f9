-- migrate:up
-- The polygon that limits whom an authority may reach, as WKB in WGS-84 degrees.
alter table authority add column jurisdiction bytea;

-- An alert keeps the polygons it was filed with: a file of boundaries that changes later changes no running alert.
alter table alert
    alter column longitude drop not null,
    alter column latitude drop not null,
    add column policy text not null default 'circle',
    add column city text,
    add column city_polygon bytea,
    add column jurisdiction bytea,
    add column swept_at timestamptz,
    add column next_sweep_at timestamptz,
    add constraint alert_place check ((longitude is null) = (latitude is null)),
    add constraint alert_area check (longitude is not null or city_polygon is not null);
alter table alert alter column policy drop default;
update alert set next_sweep_at = now() where state = 'sent';

-- One step of an alert's area, from near to far; each holds those before it.
create table ring (
    alert_id uuid not null references alert,
    ring smallint not null check (ring > 0),
    radius_km double precision check (radius_km > 0),
    city boolean not null,
    due_at timestamptz not null,
    deadline timestamptz not null,
    decided_by text not null,
    reason text not null,
    held text,
    primary key (alert_id, ring),
    check (radius_km is not null or city)
);
insert into ring (alert_id, ring, radius_km, city, due_at, deadline, decided_by, reason)
select distinct s.alert_id, s.ring, s.radius_km, false, a.received_at, a.deadline, 'policy', ''
from sweep s join alert a on a.id = s.alert_id;

alter table alert drop column radius_km;
alter table sweep drop column radius_km;
alter table sweep add foreign key (alert_id, ring) references ring (alert_id, ring);

-- How often the unit was swept again for late entrants.
alter table sweep_unit add column passes integer not null default 0;
drop index sweep_unit_due;
create index sweep_unit_due on sweep_unit (sweep_id, shard_from) where not done;

drop index alert_running;
create index alert_running on alert (deadline) where state in ('sending', 'sent');

-- A row is one batch's recipients now, whatever shards of its unit they are in.
alter table ledger rename column shard to shard_from;
alter table ledger add column shard_to smallint;
update ledger set shard_to = shard_from + 1;
alter table ledger alter column shard_to set not null, add check (shard_to > shard_from);

-- migrate:down
alter table ledger drop column shard_to;
alter table ledger rename column shard_from to shard;
alter table sweep_unit drop column passes;
alter table sweep drop constraint sweep_alert_id_ring_fkey;
alter table sweep add column radius_km double precision;
update sweep s set radius_km = coalesce(r.radius_km, 1) from ring r where r.alert_id = s.alert_id and r.ring = s.ring;
alter table sweep alter column radius_km set not null;
alter table alert add column radius_km double precision check (radius_km > 0);
update alert a set radius_km = coalesce((select max(r.radius_km) from ring r where r.alert_id = a.id), 1);
alter table alert alter column radius_km set not null;
drop table ring;
alter table alert drop constraint alert_area, drop constraint alert_place, drop column policy, drop column city,
    drop column city_polygon, drop column jurisdiction, drop column swept_at, drop column next_sweep_at;
alter table authority drop column jurisdiction;
drop index alert_running;
create index alert_running on alert (deadline) where state = 'sending';
