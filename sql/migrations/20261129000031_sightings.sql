-- migrate:up
-- What strangers saw. `id`: of the object that waited in the inbox, so that taking it in again repeats nothing.
-- `content`: what they wrote, sealed; `said`: a keyed digest of alert, address block and words, by which the same again is
-- known. `stack`: the first of those that are nearly the same. `proved`: it came with a proof of work. `bytes`: what it
-- takes of the disk, row and objects.
create table sighting (
    id uuid primary key,
    alert_id uuid not null references alert,
    receipt text not null unique,
    received_at timestamptz not null,
    taken_at timestamptz not null default clock_timestamp(),
    state text not null default 'new' check (state in ('new', 'passed', 'duplicate', 'dismissed', 'closed')),
    seen_at timestamptz,
    longitude double precision,
    latitude double precision,
    accuracy_m real,
    distance_km double precision,
    content bytea not null,
    said bytea not null,
    stack uuid not null,
    proved boolean not null,
    bytes bigint not null default 0 check (bytes >= 0),
    revision integer not null default 1,
    decided_by text,
    decided_at timestamptz,
    duplicate_of uuid references sighting on delete set null,
    check ((longitude is null) = (latitude is null)),
    check ((decided_at is null) = (state = 'new'))
);
create index sighting_newest on sighting (alert_id, state, received_at desc, id);
create index sighting_nearest on sighting (alert_id, state, distance_km, received_at desc, id);
create index sighting_said on sighting (alert_id, said);
create index sighting_stack on sighting (stack, state, received_at, id);
create index sighting_kept on sighting (alert_id, received_at) include (bytes) where state = 'new';
create index sighting_duplicate on sighting (duplicate_of) where duplicate_of is not null;

-- Photos of a sighting: `hash`, by which photos that look alike are known (dHash; null for one without features), and the
-- time and place that the camera wrote. `readable` false: no picture could be made of it; the original is kept all the same.
create table sighting_photo (
    sighting_id uuid not null references sighting on delete cascade,
    number smallint not null check (number >= 1),
    alert_id uuid not null,
    readable boolean not null,
    hash bigint,
    taken_at timestamptz,
    longitude double precision,
    latitude double precision,
    bytes bigint not null,
    width integer,
    height integer,
    primary key (sighting_id, number)
);
create index sighting_photo_alike on sighting_photo (alert_id) where hash is not null;

-- Who was found is looked for no more: what nobody has decided is closed in the transaction that says so.
create function close_sightings() returns trigger language plpgsql as $$
begin
    update sighting set state = 'closed', revision = revision + 1, decided_by = 'system', decided_at = clock_timestamp()
    where alert_id = new.id and state = 'new';
    return null;
end $$;
create trigger sightings_closed after update of state on alert for each row
    when (old.state is distinct from new.state and new.state in ('found', 'cancelled'))
    execute function close_sightings();

-- migrate:down
drop trigger sightings_closed on alert;
drop function close_sightings;
drop table sighting_photo, sighting;
