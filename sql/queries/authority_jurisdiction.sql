select jurisdiction from authority where id = $1;
