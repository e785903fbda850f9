-- Gives back a unit that is not done: a process that may go on with it claims it again.
update sweep_unit
set lease_owner = null, lease_until = null, requested_at = greatest(requested_at, clock_timestamp() - $3::interval)
where id = $1 and lease_owner = $2 and (not done or entrants);
