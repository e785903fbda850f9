-- migrate:up
-- A photo that waits for approval stands beside the one that is shown (`is_proposed`), of which there is one, too. `wish`
-- is another number for each photo of an alert, whichever of the two it is.
alter table case_photo drop constraint case_photo_pkey;
alter table case_photo add column is_proposed boolean not null default false;
create unique index case_photo_one on case_photo (alert_id, is_proposed);

-- That of a CAP message stands beside what it says of who is missing.
create or replace function case_photo_url(content jsonb) returns text language sql immutable parallel safe as $$
    select coalesce(
        content #>> '{child,photo_url}',
        content #>> '{subject,photo_url}',
        case when content ? 'cap' then content ->> 'photo_url' end,
        (select one ->> 'photo_url'
         from jsonb_array_elements(case jsonb_typeof(content -> 'children') when 'array' then content -> 'children'
                                   else '[]' end) with ordinality as of (one, place)
         where one ->> 'photo_url' is not null order by place limit 1),
        (select one ->> 'url'
         from jsonb_array_elements(case jsonb_typeof(content -> 'photos') when 'array' then content -> 'photos'
                                   else '[]' end) with ordinality as of (one, place)
         where one ->> 'of' = 'child' order by place limit 1))
$$;

create function next_wish(id uuid) returns integer language sql stable set search_path from current as $$
    select 1 + coalesce(max(wish), 0) from case_photo where alert_id = id
$$;

create or replace function wish_photo(id uuid, wished_url text, wished_bytes bytea) returns void language sql
    security definer set search_path from current as $$
    insert into case_photo as p (alert_id, state, url, given, wish)
    values (id, case when coalesce(wished_url, '') = '' and wished_bytes is null then 'none' else 'wanted' end,
            wished_url, wished_bytes, next_wish(id))
    on conflict (alert_id, is_proposed) do update
    set state = excluded.state, url = excluded.url, given = excluded.given, wish = excluded.wish, attempts = 0,
        try_at = clock_timestamp(), fault = null, tag = null, widths = null, heights = null
$$;

-- Alerts that came as CAP get theirs, too.
select wish_photo(a.id, case_photo_url(c.content), null) from alert a join child_case c on c.id = a.case_id
where c.content ? 'cap' and case_photo_url(c.content) is not null and a.child_deleted_at is null
  and a.state in ('in_review', 'scheduled', 'sending', 'sent', 'paused');

-- Of what waits for approval; returns its wish, by which the proposal knows it.
create function propose_photo(id uuid, wished_url text, wished_bytes bytea) returns integer language sql
    security definer set search_path from current as $$
    insert into case_photo as p (alert_id, state, url, given, wish, is_proposed)
    values (id, 'wanted', wished_url, wished_bytes, next_wish(id), true)
    on conflict (alert_id, is_proposed) do update
    set state = excluded.state, url = excluded.url, given = excluded.given, wish = excluded.wish, attempts = 0,
        try_at = clock_timestamp(), fault = null, tag = null, widths = null, heights = null
    returning wish
$$;

-- What waited is approved: it is shown from now on, made as it is, or once it is. Nothing happens where it is another wish.
create function show_proposed_photo(of_alert uuid, of_wish integer) returns void language plpgsql
    security definer set search_path from current as $$
begin
    perform from case_photo where alert_id = of_alert and is_proposed and wish = of_wish;
    if found then
        delete from case_photo where alert_id = of_alert and not is_proposed;
        update case_photo set is_proposed = false, attempts = 0, try_at = clock_timestamp() where alert_id = of_alert;
        update page g
        set wanted = g.wanted + 1, changed_at = clock_timestamp(), attempts = 0,
            photo_due_at = case when p.state = 'made' and a.state in ('sending', 'sent', 'paused')
                                then clock_timestamp() + interval '1 second' end
        from alert a, case_photo p where g.alert_id = of_alert and a.id = of_alert and p.alert_id = of_alert;
        perform pg_notify('page', '');
    end if;
end $$;

-- `photo_tag`: of the photo that is published now, the only one whose address is given to phones. `photo_due_at`: until
-- then who is notified waits for the photo that is made and not published yet (push/fanout: a second at most).
alter table page add column photo_tag text, add column photo_due_at timestamptz;
update page g set photo_tag = p.tag from case_photo p, alert a
where p.alert_id = g.alert_id and p.state = 'made' and a.id = g.alert_id and a.state in ('sending', 'sent', 'paused')
  and g.first_made_at is not null and not g.over and g.made >= g.wanted;

-- Another photo, and none, is another edition of what is published, once people may have been notified: while its alert
-- lives, for afterwards no photo is in it.
create function edit_page_photo() returns trigger language plpgsql set search_path from current as $$
begin
    if exists (select from alert a join sweep s on s.alert_id = a.id join sweep_unit u on u.sweep_id = s.id
               where a.id = new.alert_id and a.state in ('sending', 'sent', 'paused') and s.notice = 'alert'
                 and u.worked_by is not null) then
        new.photos_at := new.photos_at || clock_timestamp();
    end if;
    return new;
end $$;
create trigger page_photo_edited before update of photo_tag on page for each row
    when (old.photo_tag is distinct from new.photo_tag) execute function edit_page_photo();

-- A photo that is shown no more is in nothing that is sent from the same moment on.
create function leave_page_photo() returns trigger language plpgsql security definer set search_path from current as $$
begin
    if not coalesce(new.is_proposed, old.is_proposed) then
        update page set photo_tag = null, photo_due_at = null
        where alert_id = coalesce(new.alert_id, old.alert_id) and photo_tag is distinct from new.tag
          and (photo_tag is not null or photo_due_at is not null);
    end if;
    return null;
end $$;
create trigger page_photo_left after insert or update or delete on case_photo for each row
    execute function leave_page_photo();

-- What was published is gone with the end of the alert. Before the first is notified, a photo that is made is waited for.
create function await_page_photo() returns trigger language plpgsql security definer set search_path from current as $$
begin
    if new.state = 'sending' then
        update page g set photo_due_at = clock_timestamp() + interval '1 second'
        from case_photo p
        where g.alert_id = new.id and p.alert_id = new.id and p.state = 'made' and not p.is_proposed
          and g.photo_tag is distinct from p.tag;
    else
        update page set photo_tag = null, photo_due_at = null where alert_id = new.id and photo_tag is not null;
    end if;
    return null;
end $$;
create trigger page_photo_awaited after update of state on alert for each row
    when ((new.state = 'sending' and old.state not in ('sending', 'sent', 'paused'))
          or (new.state not in ('sending', 'sent', 'paused') and old.state in ('sending', 'sent', 'paused')))
    execute function await_page_photo();

-- migrate:down
drop trigger page_photo_awaited on alert;
drop trigger page_photo_left on case_photo;
drop trigger page_photo_edited on page;
drop function await_page_photo;
drop function leave_page_photo;
drop function edit_page_photo;
alter table page drop column photo_tag, drop column photo_due_at;
drop function show_proposed_photo;
drop function propose_photo;
create or replace function wish_photo(id uuid, wished_url text, wished_bytes bytea) returns void language sql
    security definer set search_path from current as $$
    insert into case_photo as p (alert_id, state, url, given)
    values (id, case when coalesce(wished_url, '') = '' and wished_bytes is null then 'none' else 'wanted' end,
            wished_url, wished_bytes)
    on conflict (alert_id) do update
    set state = excluded.state, url = excluded.url, given = excluded.given, wish = p.wish + 1, attempts = 0,
        try_at = clock_timestamp(), fault = null, tag = null, widths = null, heights = null
$$;
drop function next_wish;
delete from case_photo where is_proposed;
drop index case_photo_one;
alter table case_photo drop column is_proposed;
alter table case_photo add primary key (alert_id);
create or replace function case_photo_url(content jsonb) returns text language sql immutable parallel safe as $$
    select coalesce(
        content #>> '{child,photo_url}',
        content #>> '{subject,photo_url}',
        (select one ->> 'photo_url'
         from jsonb_array_elements(case jsonb_typeof(content -> 'children') when 'array' then content -> 'children'
                                   else '[]' end) with ordinality as of (one, place)
         where one ->> 'photo_url' is not null order by place limit 1),
        (select one ->> 'url'
         from jsonb_array_elements(case jsonb_typeof(content -> 'photos') when 'array' then content -> 'photos'
                                   else '[]' end) with ordinality as of (one, place)
         where one ->> 'of' = 'child' order by place limit 1))
$$;
