-- Goes on holding a page that was held until $2, for $3 from now on; no row: another publisher has it.
update page set held_until = clock_timestamp() + $3::interval where alert_id = $1 and held_until = $2 returning held_until;
