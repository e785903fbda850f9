update alert set expires = $2, extended = extended || now() where id = $1;
