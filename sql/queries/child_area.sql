-- The area that a message drew: the boundary of a city is nobody's secret.
select city_polygon from alert where id = $1 and city is null;
