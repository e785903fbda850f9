update sweep_unit set lease_until = now() + $3::interval
where id = any($1::bigint[]) and lease_owner = $2 and (not done or entrants) returning id;
