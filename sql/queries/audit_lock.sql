-- Appending takes turns, so that each event knows the one before it.
select pg_advisory_xact_lock(5151001);
