-- The area that a message drew. The boundary of a city is public, and is kept as it is.
select city_polygon from alert where id = $1 and city is null;
