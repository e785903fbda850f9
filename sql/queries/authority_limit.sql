update authority set jurisdiction = $2 where id = $1 returning id;
