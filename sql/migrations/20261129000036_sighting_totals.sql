-- migrate:up
-- Whose search is over: what nobody has decided of their sightings is closed. That follows from the alert's state wherever
-- it is read, so to end an alert, or to reopen it, writes nothing of its sightings, however many they are.
create function search_is_over(alert_state text) returns boolean language sql immutable parallel safe as $$
    select alert_state in ('found', 'cancelled', 'closed')
$$;
drop trigger sightings_closed on alert;
drop function close_sightings;
update sighting set state = 'new', decided_by = null, decided_at = null where state = 'closed';
alter table sighting drop constraint sighting_state_check;
alter table sighting add constraint sighting_state_check check (state in ('new', 'passed', 'duplicate', 'dismissed'));

-- How many sightings of an alert are stored in a state, and how many bytes of the disk they take: kept by triggers, one row
-- a statement, alert and state, so that nobody counts all sightings to know how many there are.
create table sighting_total (
    alert_id uuid not null references alert,
    state text not null,
    count bigint not null,
    bytes bigint not null,
    primary key (alert_id, state)
) with (fillfactor = 50);
insert into sighting_total select alert_id, state, count(*), sum(bytes) from sighting group by 1, 2;

create function count_sightings() returns trigger language plpgsql security definer set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        insert into sighting_total as t
        select alert_id, state, count(*), sum(bytes) from added group by 1, 2 order by 1, 2
        on conflict (alert_id, state) do update set count = t.count + excluded.count, bytes = t.bytes + excluded.bytes;
    elsif tg_op = 'UPDATE' then
        insert into sighting_total as t
        select alert_id, state, sum(one), sum(bytes)
        from (select alert_id, state, 1 as one, bytes from added
              union all select alert_id, state, -1, -bytes from gone) moved
        group by 1, 2 having sum(one) <> 0 or sum(bytes) <> 0 order by 1, 2
        on conflict (alert_id, state) do update set count = t.count + excluded.count, bytes = t.bytes + excluded.bytes;
    else
        update sighting_total t set count = t.count - less.count, bytes = t.bytes - less.bytes
        from (select alert_id, state, count(*) as count, sum(bytes) as bytes from gone group by 1, 2) less
        where t.alert_id = less.alert_id and t.state = less.state;
        delete from sighting_total t where t.count = 0 and t.alert_id in (select alert_id from gone);
    end if;
    return null;
end $$;
create trigger sightings_added after insert on sighting referencing new table as added
    for each statement execute function count_sightings();
create trigger sightings_moved after update on sighting referencing old table as gone new table as added
    for each statement execute function count_sightings();
create trigger sightings_gone after delete on sighting referencing old table as gone
    for each statement execute function count_sightings();

-- As before, but that the search is over is asked of the alert.
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

-- migrate:down
create or replace function tell_police_of_sighting() returns trigger language plpgsql security definer
    set search_path from current as $$
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
drop trigger sightings_gone on sighting;
drop trigger sightings_moved on sighting;
drop trigger sightings_added on sighting;
drop function count_sightings;
drop table sighting_total;
alter table sighting drop constraint sighting_state_check;
alter table sighting add constraint sighting_state_check
    check (state in ('new', 'passed', 'duplicate', 'dismissed', 'closed'));
update sighting s set state = 'closed', decided_by = 'system', decided_at = clock_timestamp()
from alert a where a.id = s.alert_id and s.state = 'new' and search_is_over(a.state);
create function close_sightings() returns trigger language plpgsql as $$
begin
    update sighting set state = 'closed', revision = revision + 1, decided_by = 'system', decided_at = clock_timestamp()
    where alert_id = new.id and state = 'new';
    return null;
end $$;
create trigger sightings_closed after update of state on alert for each row
    when (old.state is distinct from new.state and new.state in ('found', 'cancelled'))
    execute function close_sightings();
drop function search_is_over;
