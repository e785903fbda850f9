select jurisdiction, time_zone, asks from authority where id = $1;
