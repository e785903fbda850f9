-- migrate:up
-- As before, but of a sighting that comes in it is not asked whether it was told already: none was, and a plan that was made
-- while there were few events would read all of them for each report of a flood.
create or replace function tell_police_of_sighting() returns trigger language plpgsql security definer
    set search_path from current as $$
begin
    if tg_op = 'UPDATE' then
        update police_event set rank = 0 where sighting_id = new.id and delivered_at is null and dead_at is null;
        if exists (select from police_event o join authority_endpoint e on e.authority_id = o.authority_id
                   where o.sighting_id = new.id and o.dead_at is null
                     and (o.delivered_at is not null or o.endpoint = e.id)) then
            return null;
        end if;
    end if;
    insert into police_event (authority_id, alert_id, sighting_id, event, alert_state, endpoint, rank)
    select e.authority_id, a.id, new.id, 'sighting.reported', a.state, e.id,
           case when tg_op = 'UPDATE' then 0 when new.proved then 1 else 2 end
    from alert a join child_case c on c.id = a.case_id
         join authority u on u.id = c.authority_id and u.revoked_at is null
         join authority_endpoint e on e.authority_id = u.id
    where a.id = new.alert_id
      and (tg_op = 'UPDATE' or e.passes_on = 'all' and new.state = 'new' and not search_is_over(a.state));
    if found then
        perform pg_notify('police_event', '');
    end if;
    return null;
end $$;

-- migrate:down
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
