update alert set mistrusted_seen = mistrusted where id = $1;
