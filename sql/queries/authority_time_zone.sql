update authority set time_zone = $2 where id = $1 returning id;
