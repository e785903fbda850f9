insert into person (name, folded, skeleton) values ($1, $2, $3) returning id;
