-- What is released was not given back: some of it may be on its way.
update sweep_unit set lease_owner = null, lease_until = null, interrupted = interrupted or not done
where lease_owner = $1 and (not done or entrants);
