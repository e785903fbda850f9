-- migrate:up
-- The code of an alert's page, as runtime/page_codes.py makes it: a test holds both together.
create function page_code(id uuid) returns text language sql immutable strict parallel safe as $$
    select string_agg(substr('23456789abcdefghjkmnpqrstuvwxyz', get_byte(sha256(id::text::bytea), n) % 31 + 1, 1), ''
                      order by n)
    from generate_series(0, 9) n
$$;

-- What is to be published of an alert. A change of the alert raises `wanted` in its own transaction; `made` is the change
-- up to which the objects are true. A publisher holds a row until `held_until`, never a lock while it works.
-- `first_made_at`: since when the alert has a page; without one nobody has its code.
create table page (
    alert_id uuid primary key references alert,
    code text not null unique,
    wanted bigint not null default 1,
    made bigint not null default 0,
    changed_at timestamptz not null default clock_timestamp(),
    first_made_at timestamptz,
    made_at timestamptz,
    over boolean not null default false,
    attempts integer not null default 0,
    held_until timestamptz,
    sample integer not null default 1 check (sample >= 1)
);
create index page_wanted on page (changed_at) where made < wanted;

create function want_page() returns trigger language plpgsql as $$
begin
    insert into page (alert_id, code) values (new.id, page_code(new.id))
    on conflict (alert_id) do update set wanted = page.wanted + 1, changed_at = clock_timestamp(), attempts = 0;
    perform pg_notify('page', '');
    return null;
end $$;
create trigger page_wanted_first after insert on alert for each row execute function want_page();
create trigger page_wanted_again after update on alert for each row
    when ((old.state, old.content, old.expires, old.child_deleted_at)
          is distinct from (new.state, new.content, new.expires, new.child_deleted_at))
    execute function want_page();

create function want_page_of_case() returns trigger language plpgsql as $$
begin
    update page set wanted = page.wanted + 1, changed_at = clock_timestamp(), attempts = 0
    from alert a where a.case_id = new.id and page.alert_id = a.id;
    perform pg_notify('page', '');
    return null;
end $$;
create trigger page_wanted_of_case after update of content on child_case for each row
    when (old.content is distinct from new.content) execute function want_page_of_case();

insert into page (alert_id, code) select id, page_code(id) from alert;

-- migrate:down
drop trigger page_wanted_of_case on child_case;
drop trigger page_wanted_again on alert;
drop trigger page_wanted_first on alert;
drop function want_page_of_case;
drop function want_page;
drop table page;
drop function page_code;
