select longitude, latitude, city_polygon, jurisdiction from alert where id = $1;
