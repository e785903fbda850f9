-- Adds rings, a column each.
insert into ring (alert_id, ring, radius_km, city, due_at, deadline, decided_by, reason, held, longitude, latitude,
                  nearness)
select $1, one.*
from unnest($2::smallint[], $3::double precision[], $4::boolean[], $5::timestamptz[], $6::timestamptz[], $7::text[],
            $8::text[], $9::text[], $10::double precision[], $11::double precision[], $12::smallint[]) as one;
