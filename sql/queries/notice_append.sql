-- Another word of an alert: those told before it are told it, and who is told from now on hears it first. Its time is that
-- at which the alert was got hold of: a transaction that waited for it began before the word that came first.
with appended as (
    insert into notice (alert_id, version, notice, at) values ($1, $2, $3, clock_timestamp())
)
update alert set version = $2, content = $4::jsonb where id = $1;
