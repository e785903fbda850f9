-- An update that is lost in a crash of PostgreSQL only repeats the sweep of a unit, minus the ledger: no wait for the
-- disk.
with soft as (select set_config('synchronous_commit', 'off', true))
update sweep_unit set searched = true, found = $2 from soft
where id = $1 and lease_owner = $3 and not done;
