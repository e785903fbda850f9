-- Forgets the photos of a sighting, whose objects were deleted, and what they took of the disk.
with forgotten as (
    delete from sighting_photo where sighting_id = $1 returning bytes
)
update sighting set bytes = greatest(bytes - (select coalesce(sum(bytes), 0) from forgotten), 0) where id = $1;
