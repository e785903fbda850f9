-- One transaction at a time appends, so that each event holds the digest of the one before it.
select pg_advisory_xact_lock(5151001);
