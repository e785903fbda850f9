-- Adds a notice to an alert, whose first message has the new content from now on. Its time is that of this statement,
-- and not of the transaction: one that waited for the lock began before the notice that was added first.
with appended as (
    insert into notice (alert_id, version, notice, at, reopens) values ($1, $2, $3, clock_timestamp(), $5)
)
update alert set version = $2, content = $4::jsonb where id = $1;
