insert into alert (id, case_id, status, state, received_at, deadline, expires,
                   longitude, latitude, radius_km, title, body, estimate)
values ($1, $2, $3, 'sending', $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb);
