-- Adds a case ($1 to $4) with its alert and the alert's first notice. Returns the case's id.
with filed as (
    insert into child_case (authority_id, case_number, content_digest, content, received_at)
    values ($1, $2, $3, $4::jsonb, $7) returning id
), told as (
    insert into alert (id, case_id, status, state, received_at, deadline, expires, longitude, latitude, city, city_polygon,
                       jurisdiction, policy, content, estimate, swept_at, review, verified, send_at, unverified,
                       subject_kind, held_for)
    select $5, id, $6, $18, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16::jsonb, $17::jsonb, $7, $19, $21::text is null,
           $20, $21, $22, $23
    from filed
    returning id, received_at
), noticed as (
    insert into notice (alert_id, version, notice, at) select id, 1, 'alert', received_at from told
)
select id from filed;
