-- migrate:up
-- Whether share cards of an authority's alerts show who is missing; null: as the platform has it.
alter table authority add column card_shows_child boolean;

-- migrate:down
alter table authority drop column card_shows_child;
