-- Of two filings of one case number the second waits, so that it sees the alert of the first.
select pg_advisory_xact_lock(hashtextextended($1::text || '/' || $2::text, 0));
