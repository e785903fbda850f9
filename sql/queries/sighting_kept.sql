-- How many bytes sightings and their objects take, whatever was decided of them: what is closed or dismissed takes its room
-- until it is deleted.
select coalesce(sum(bytes), 0)::bigint from sighting_total;
