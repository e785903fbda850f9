update alert set expires = $2, extended = extended || clock_timestamp() where id = $1;
