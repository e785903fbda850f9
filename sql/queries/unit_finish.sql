-- An update that is lost in a crash of PostgreSQL only repeats the sweep of a unit, minus the ledger: no wait for the
-- disk.
with soft as (select set_config('synchronous_commit', 'off', true))
update sweep_unit
set done = not reopened, reopened = false, searched = true, found = $3, opted_out = $4, lease_owner = null,
    lease_until = null, interrupted = false, done_at = now(),
    requested_at = greatest(requested_at, clock_timestamp() - $5::interval)
from soft where id = $1 and lease_owner = $2 returning id;
