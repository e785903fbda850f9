select id, name, folded from person where id = $1;
