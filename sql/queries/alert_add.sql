insert into alert (id, case_id, status, state, received_at, deadline, expires, longitude, latitude, city, city_polygon,
                   jurisdiction, policy, content, estimate, swept_at, review, verified, send_at, unverified,
                   subject_kind)
values ($1, $2, $3, $15, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $14::jsonb, $4, $16, $18::text is null, $17,
        $18, $19);
