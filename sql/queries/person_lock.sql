-- Only one transaction at a time adds persons: two names that look alike are seen by the second one.
select pg_advisory_xact_lock(5858005);
