update alert set expires = $2 where id = $1;
