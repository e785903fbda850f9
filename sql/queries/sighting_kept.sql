-- How many bytes the objects of undecided sightings take.
select coalesce(sum(bytes), 0)::bigint from sighting_total where state = 'new';
