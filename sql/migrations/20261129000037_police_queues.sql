-- migrate:up
-- `id`: of this endpoint, until it is removed; what was written for one that is gone goes to none that comes later.
alter table authority_endpoint add column id uuid not null unique default gen_random_uuid();

-- `endpoint`: for which it was written. `rank`: what goes first: 0 what the authority has to know, events of alerts and what an
-- operator passed on; 1 what came with a proof of work; 2 the rest, where a flood is.
alter table police_event add column endpoint uuid, add column rank smallint not null default 0;
update police_event e set endpoint = o.id, rank = case when e.sighting_id is null then 0 else 2 end
from authority_endpoint o where o.authority_id = e.authority_id and e.delivered_at is null and e.dead_at is null;
update police_event set dead_at = clock_timestamp(), error = 'endpoint removed'
where endpoint is null and delivered_at is null and dead_at is null;
drop index police_event_due;
create index police_event_next on police_event (endpoint, rank, try_at) where delivered_at is null and dead_at is null;
create index police_event_lost on police_event (authority_id)
    where delivered_at is null and (attempts > 2 or dead_at is not null)
      and coalesce(error, '') not in ('endpoint removed', 'authority revoked', 'the search is over');

-- Endpoints that are gone: a server marks what was still to be sent there, some of it at a time.
create table endpoint_gone (
    id uuid primary key,
    authority_id text not null references authority,
    at timestamptz not null default clock_timestamp()
);
create function note_endpoint_gone() returns trigger language plpgsql security definer set search_path from current as $$
begin
    insert into endpoint_gone (id, authority_id) values (old.id, old.authority_id);
    return null;
end $$;
create trigger endpoint_gone after delete on authority_endpoint for each row execute function note_endpoint_gone();

-- Sightings that came before the endpoint, or before all went to it: events are written of them, some at a time, from the
-- newest on. `after_at`, `after_id`: up to which sighting that is done.
create table endpoint_backfill (
    authority_id text not null references authority_endpoint on delete cascade,
    alert_id uuid not null references alert,
    state text not null check (state in ('new', 'passed')),
    after_at timestamptz,
    after_id uuid,
    primary key (authority_id, alert_id, state)
);

-- What an operator passes on is told to whatever authority has an endpoint, unless it was told, or is about to be, already;
-- what waits to be told goes first then. Nothing is written for an authority that was revoked.
create or replace function tell_police_of_sighting() returns trigger language plpgsql security definer
    set search_path from current as $$
begin
    if tg_op = 'UPDATE' then
        update police_event set rank = 0 where sighting_id = new.id and delivered_at is null and dead_at is null;
    end if;
    insert into police_event (authority_id, alert_id, sighting_id, event, alert_state, endpoint, rank)
    select e.authority_id, a.id, new.id, 'sighting.reported', a.state, e.id,
           case when tg_op = 'UPDATE' then 0 when new.proved then 1 else 2 end
    from alert a join child_case c on c.id = a.case_id
         join authority u on u.id = c.authority_id and u.revoked_at is null
         join authority_endpoint e on e.authority_id = u.id
    where a.id = new.alert_id
      and (tg_op = 'UPDATE' or e.passes_on = 'all' and new.state = 'new' and not search_is_over(a.state))
      and not exists (select from police_event o
                      where o.sighting_id = new.id and o.authority_id = e.authority_id and o.dead_at is null
                        and (o.delivered_at is not null or o.endpoint = e.id));
    if found then
        perform pg_notify('police_event', '');
    end if;
    return null;
end $$;

create or replace function tell_police_of_alert() returns trigger language plpgsql security definer
    set search_path from current as $$
begin
    insert into police_event (authority_id, alert_id, event, alert_state, endpoint)
    select e.authority_id, new.id, case when new.state = 'sent' then 'alert.sent' else 'alert.over' end, new.state, e.id
    from child_case c join authority u on u.id = c.authority_id and u.revoked_at is null
         join authority_endpoint e on e.authority_id = u.id
    where c.id = new.case_id;
    if found then
        perform pg_notify('police_event', '');
    end if;
    return null;
end $$;

-- A search that goes on: what was closed meanwhile is to be told where all is.
create function tell_police_of_reopening() returns trigger language plpgsql security definer set search_path from current as $$
begin
    insert into endpoint_backfill (authority_id, alert_id, state)
    select e.authority_id, new.id, 'new'
    from child_case c join authority_endpoint e on e.authority_id = c.authority_id and e.passes_on = 'all'
    where c.id = new.case_id
    on conflict (authority_id, alert_id, state) do update set after_at = null, after_id = null;
    return null;
end $$;
create trigger police_of_reopening after update of state on alert for each row
    when (search_is_over(old.state) and not search_is_over(new.state)) execute function tell_police_of_reopening();

-- What an alert's page says also depends on whether who filed it was revoked since.
drop trigger page_wanted_again on alert;
create trigger page_wanted_again after update on alert for each row
    when ((old.state, old.content, old.expires, old.child_deleted_at, old.distrusted_at)
          is distinct from (new.state, new.content, new.expires, new.child_deleted_at, new.distrusted_at))
    execute function want_page();

-- Authorities that were revoked before.
delete from authority_endpoint e using authority u where u.id = e.authority_id and u.revoked_at is not null;

-- migrate:down
drop trigger page_wanted_again on alert;
create trigger page_wanted_again after update on alert for each row
    when ((old.state, old.content, old.expires, old.child_deleted_at)
          is distinct from (new.state, new.content, new.expires, new.child_deleted_at))
    execute function want_page();
drop trigger police_of_reopening on alert;
drop function tell_police_of_reopening;
create or replace function tell_police_of_alert() returns trigger language plpgsql security definer
    set search_path from current as $$
begin
    insert into police_event (authority_id, alert_id, event, alert_state)
    select e.authority_id, new.id, case when new.state = 'sent' then 'alert.sent' else 'alert.over' end, new.state
    from child_case c join authority_endpoint e on e.authority_id = c.authority_id
    where c.id = new.case_id;
    if found then
        perform pg_notify('police_event', '');
    end if;
    return null;
end $$;
create or replace function tell_police_of_sighting() returns trigger language plpgsql security definer
    set search_path from current as $$
begin
    insert into police_event (authority_id, alert_id, sighting_id, event, alert_state)
    select e.authority_id, a.id, new.id, 'sighting.reported', a.state
    from alert a join child_case c on c.id = a.case_id join authority_endpoint e on e.authority_id = c.authority_id
    where a.id = new.alert_id
      and case e.passes_on when 'all' then tg_op = 'INSERT' and new.state = 'new' and not search_is_over(a.state)
                           else tg_op = 'UPDATE' and new.state = 'passed' end;
    if found then
        perform pg_notify('police_event', '');
    end if;
    return null;
end $$;
drop table endpoint_backfill;
drop trigger endpoint_gone on authority_endpoint;
drop function note_endpoint_gone;
drop table endpoint_gone;
drop index police_event_lost;
drop index police_event_next;
create index police_event_due on police_event (try_at) where delivered_at is null and dead_at is null;
alter table police_event drop column rank, drop column endpoint;
alter table authority_endpoint drop column id;
