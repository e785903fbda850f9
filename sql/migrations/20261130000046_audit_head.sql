-- migrate:up
-- Lets one transaction at a time append, and says what its event follows: one answer, because everybody waits meanwhile.
-- Volatile, so that its second statement sees what was committed before it had the lock.
create function audit_head(out now timestamptz, out seq bigint, out digest bytea, out content text)
language plpgsql volatile as $$
begin
    perform pg_advisory_xact_lock(5151001);
    now := clock_timestamp();
    select e.seq, e.digest, e.content into seq, digest, content from audit_event e order by e.seq desc limit 1;
end $$;

-- migrate:down
drop function audit_head;
