insert into sighting_photo (sighting_id, number, alert_id, readable, hash, taken_at, longitude, latitude, bytes, width, height)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
