-- migrate:up
-- When the last request of a unit was started, as far as the process that had it has said: with its end, or when it gave
-- it back. Whoever stops an alert reads when its last request was.
alter table sweep_unit add column requested_at timestamptz;

-- migrate:down
alter table sweep_unit drop column requested_at;
