-- migrate:up
-- Where the draft came from, so that one sender's drafts give way to each other before they take the room of others'.
-- Null where all senders share one address.
create table draft (
    alert_id uuid primary key references alert on delete cascade,
    source text
);

-- In whose name a draft for an authority that there is not is filed, to be rolled back: so that it takes the same work.
alter table authority drop constraint authority_id_check;
alter table authority add constraint authority_id_check check (id = '' or id ~ '^[a-z0-9][a-z0-9-]{0,62}$');
insert into authority (id, name, revoked_at) values ('', 'no authority', now());

-- migrate:down
drop table draft;
delete from authority where id = '';
alter table authority drop constraint authority_id_check;
alter table authority add constraint authority_id_check check (id ~ '^[a-z0-9][a-z0-9-]{0,62}$');
