-- migrate:up
-- When, since the alert's sending began, a photo was made: what is published of it has another edition from then on. It
-- stays when the child's data goes, for an edition that was published keeps its number.
alter table page add column photos_at timestamptz[] not null default '{}';

-- migrate:down
alter table page drop column photos_at;
