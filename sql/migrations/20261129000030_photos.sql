-- migrate:up
-- Where the first photo of who is missing stands in a case, as handlers/police/case/photos.py finds it: a test holds both
-- together. Never that of a companion or a vehicle.
create function case_photo_url(content jsonb) returns text language sql immutable parallel safe as $$
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

-- The photo of an alert: `url` where it is to be fetched, or `given` as the police sent it, until it is made. `wish` grows
-- with each new photo, so that the work for the one before counts for nothing. `tag`: of the objects that were made of it,
-- which are kept/photos/ALERT/TAG.WIDTH.jpg; their pixels. `fault`: why it was refused.
create table case_photo (
    alert_id uuid primary key references alert,
    state text not null check (state in ('wanted', 'made', 'refused', 'none')),
    url text,
    given bytea,
    wish integer not null default 1,
    attempts integer not null default 0,
    try_at timestamptz not null default clock_timestamp(),
    fault text,
    tag text,
    widths integer[],
    heights integer[],
    check ((state = 'made') = (tag is not null))
);
create index case_photo_wanted on case_photo (try_at) where state = 'wanted';

-- A wish is in the transaction of the case: nothing is fetched there, and nothing is late because of it.
create function wish_photo(id uuid, wished_url text, wished_bytes bytea) returns void language sql
    security definer set search_path from current as $$
    insert into case_photo as p (alert_id, state, url, given)
    values (id, case when coalesce(wished_url, '') = '' and wished_bytes is null then 'none' else 'wanted' end,
            wished_url, wished_bytes)
    on conflict (alert_id) do update
    set state = excluded.state, url = excluded.url, given = excluded.given, wish = p.wish + 1, attempts = 0,
        try_at = clock_timestamp(), fault = null, tag = null, widths = null, heights = null
$$;

create function wish_photo_of_alert() returns trigger language plpgsql as $$
declare
    wished text;
begin
    select case_photo_url(c.content) into wished from child_case c where c.id = new.case_id;
    if wished is not null then
        perform wish_photo(new.id, wished, null);
    end if;
    return null;
end $$;
create trigger photo_wished_first after insert on alert for each row execute function wish_photo_of_alert();

-- Another address is another photo; the one before is shown no more, for it may have been a wrong one. A case whose data
-- is deleted wishes nothing.
create function wish_photo_of_case() returns trigger language plpgsql as $$
begin
    perform wish_photo(a.id, case_photo_url(new.content), null) from alert a
    where a.case_id = new.id and new.content <> '{}';
    return null;
end $$;
create trigger photo_wished_again after update of content on child_case for each row
    when (case_photo_url(old.content) is distinct from case_photo_url(new.content))
    execute function wish_photo_of_case();

-- Alerts that stand get theirs, too.
select wish_photo(a.id, case_photo_url(c.content), null) from alert a join child_case c on c.id = a.case_id
where case_photo_url(c.content) is not null and a.child_deleted_at is null;

-- migrate:down
drop trigger photo_wished_again on child_case;
drop trigger photo_wished_first on alert;
drop function wish_photo_of_case;
drop function wish_photo_of_alert;
drop function wish_photo;
drop table case_photo;
drop function case_photo_url;
