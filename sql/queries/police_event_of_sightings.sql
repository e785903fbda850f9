-- How far what the police are told of these sightings has come; of each the newest.
select distinct on (sighting_id) sighting_id, created_at, attempts, delivered_at, dead_at
from police_event where sighting_id = any($1::uuid[]) order by sighting_id, created_at desc;
