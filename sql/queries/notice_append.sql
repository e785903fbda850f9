-- Another notice of an alert: those notified before get it too, and those notified from now on get it first. Its time is that
-- at which the alert was got hold of: a transaction that waited for it began before the word that came first.
with appended as (
    insert into notice (alert_id, version, notice, at) values ($1, $2, $3, clock_timestamp())
)
update alert set version = $2, content = $4::jsonb where id = $1;
