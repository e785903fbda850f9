update alert set held_for = $2 where id = $1;
