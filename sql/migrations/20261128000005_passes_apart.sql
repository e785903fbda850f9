-- migrate:up
-- When a unit was swept to its end last: from then on the next pass of a follow-up notice is counted, however late that was.
alter table sweep_unit add column done_at timestamptz;

-- migrate:down
alter table sweep_unit drop column done_at;
