update authority set asks = $2 where id = $1 returning id;
