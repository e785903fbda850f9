-- migrate:up
-- Half of the key under which what strangers saw of an alert, their photos and the originals are sealed; the other half is
-- the server's. It goes with the child's data, and with it whatever copies of them are still in backups and old versions.
alter table page add column sighting_salt uuid default gen_random_uuid();
update page p set sighting_salt = null from alert a where a.id = p.alert_id and a.child_deleted_at is not null;

-- migrate:down
alter table page drop column sighting_salt;
