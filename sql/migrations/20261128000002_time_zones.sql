-- migrate:up
-- The time zone in which an authority's alerts give their times; null: the configured one.
alter table authority add column time_zone text;

-- migrate:down
alter table authority drop column time_zone;
