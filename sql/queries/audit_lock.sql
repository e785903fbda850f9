-- One transaction at a time appends, so that each event holds the digest of the one before it. The time is asked for when
-- the lock is held.
with locked as (select pg_advisory_xact_lock(5151001))
select clock_timestamp() from locked;
