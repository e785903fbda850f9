update sweep_unit set lease_owner = null, lease_until = null
where lease_owner = $1 and (not done or entrants);
