-- Photos of these sightings.
select sighting_id, number, readable, hash, taken_at, longitude, latitude, bytes, width, height
from sighting_photo where sighting_id = any($1::uuid[]) order by sighting_id, number;
