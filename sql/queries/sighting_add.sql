-- Takes a sighting in; nothing when it was taken in before. It joins the stack of one that says the same from the same
-- address block, or has a photo that looks nearly like one of its own ($12: their hashes; $13: in how many of 64 bits they
-- may differ).
insert into sighting (id, alert_id, receipt, received_at, seen_at, longitude, latitude, accuracy_m, distance_km, content, said,
                      proved, bytes, stack)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $14, $15,
        coalesce((select s.stack from sighting s where s.alert_id = $2 and s.said = $11 limit 1),
                 (select s.stack from sighting_photo p join sighting s on s.id = p.sighting_id,
                         unnest($12::bigint[]) as mine (hash)
                  where p.alert_id = $2 and p.hash is not null and bit_count((p.hash # mine.hash)::bit(64)) <= $13::bigint
                  limit 1),
                 $1))
on conflict do nothing
returning stack;
