select jurisdiction, time_zone from authority where id = $1;
