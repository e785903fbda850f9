-- migrate:up
-- Where an authority hears of what strangers saw, and what of it: what an operator passes on, or all. `secret`: with which
-- it is signed, sealed as the secrets of its own webhooks.
create table authority_endpoint (
    authority_id text primary key references authority,
    url text not null,
    secret bytea not null,
    passes_on text not null check (passes_on in ('operator', 'all')),
    changed_at timestamptz not null default clock_timestamp()
);

-- What the police are told, written in the transaction that causes it. `id`: the webhook-id, the same at each attempt. The
-- body is made when it is sent, of what the record has then: nothing of a sighting is stored twice. A sender holds a row
-- until `try_at`. `error`: a word of ours.
create table police_event (
    id uuid primary key default gen_random_uuid(),
    authority_id text not null references authority,
    alert_id uuid not null references alert,
    sighting_id uuid references sighting on delete cascade,
    event text not null check (event in ('sighting.reported', 'alert.sent', 'alert.over')),
    alert_state text not null,
    created_at timestamptz not null default clock_timestamp(),
    try_at timestamptz not null default clock_timestamp(),
    attempts integer not null default 0,
    delivered_at timestamptz,
    dead_at timestamptz,
    status smallint,
    error text
);
create index police_event_due on police_event (try_at) where delivered_at is null and dead_at is null;
create index police_event_dead on police_event (authority_id, dead_at) where dead_at is not null;
create index police_event_newest on police_event (authority_id, created_at desc);
create index police_event_sighting on police_event (sighting_id) where sighting_id is not null;
create index police_event_alert on police_event (alert_id);

-- They write what no query writes, so they have the rights of the schema's owner.
create function tell_police_of_sighting() returns trigger language plpgsql security definer set search_path from current as $$
begin
    insert into police_event (authority_id, alert_id, sighting_id, event, alert_state)
    select e.authority_id, a.id, new.id, 'sighting.reported', a.state
    from alert a join child_case c on c.id = a.case_id join authority_endpoint e on e.authority_id = c.authority_id
    where a.id = new.alert_id
      and case e.passes_on when 'all' then tg_op = 'INSERT' and new.state = 'new'
                           else tg_op = 'UPDATE' and new.state = 'passed' end;
    if found then
        perform pg_notify('police_event', '');
    end if;
    return null;
end $$;
create trigger police_of_new_sighting after insert on sighting for each row execute function tell_police_of_sighting();
create trigger police_of_passed_sighting after update of state on sighting for each row
    when (old.state is distinct from new.state and new.state = 'passed')
    execute function tell_police_of_sighting();

create function tell_police_of_alert() returns trigger language plpgsql security definer set search_path from current as $$
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
create trigger police_of_alert after update of state on alert for each row
    when (old.state is distinct from new.state
          and (new.state in ('found', 'cancelled', 'expired') or new.state = 'sent' and old.sent_at is null))
    execute function tell_police_of_alert();

-- As the wish to publish, which no query writes either.
alter function want_page() security definer;
alter function want_page() set search_path from current;

-- migrate:down
alter function want_page() reset search_path;
alter function want_page() security invoker;
drop trigger police_of_alert on alert;
drop trigger police_of_passed_sighting on sighting;
drop trigger police_of_new_sighting on sighting;
drop function tell_police_of_alert;
drop function tell_police_of_sighting;
drop table police_event, authority_endpoint;
