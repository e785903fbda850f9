select state, status, received_at, expires, longitude, latitude, city, city_polygon, jurisdiction
from alert where id = $1 for update;
