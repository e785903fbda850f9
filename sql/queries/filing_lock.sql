-- Two filings of one case number wait for one another, so that the second sees the first's alert.
select pg_advisory_xact_lock(hashtextextended($1::text || '/' || $2::text, 0));
