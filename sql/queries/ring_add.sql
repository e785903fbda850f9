insert into ring (alert_id, ring, radius_km, city, due_at, deadline, decided_by, reason, held, longitude, latitude,
                  nearness)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);
