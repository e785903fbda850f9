-- Lost in a crash of PostgreSQL, this only makes a unit be swept again, minus the ledger: no need to wait for the disk.
with soft as (select set_config('synchronous_commit', 'off', true))
update sweep_unit set done = not reopened, reopened = false, searched = true, found = $3, lease_owner = null, lease_until = null
from soft where id = $1 and lease_owner = $2 returning id;
