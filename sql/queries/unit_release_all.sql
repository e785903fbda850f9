-- Only the owner of embedded stores may run this: the process that held these leases is dead.
update sweep_unit set lease_owner = null, lease_until = null, interrupted = interrupted or not done
where (not done or entrants) and lease_owner is not null;
