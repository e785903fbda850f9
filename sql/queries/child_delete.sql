-- Deletes the child's name, picture, looks, place in words and contact, and every reason. What stays are the places to
-- about a kilometre and the time, which the counts need, and the texts of `found` and `cancel`: they name no one, and
-- may still be in sending. The stored answers to webhooks went before (child_receipts.sql).
with emptied as (
    update child_case c set content = '{}', content_digest = sha256(c.content_digest || gen_random_uuid()::text::bytea)
    from alert a where a.id = $1 and c.id = a.case_id
), unsealed as (
    delete from case_sealed s using alert a where a.id = $1 and s.case_id = a.case_id
), unshown as (
    -- Its objects went before.
    delete from case_photo where alert_id = $1
), unworked as (
    -- An alert that was never sent has nothing to count, and anyone may have filed it.
    delete from sweep_unit u using sweep s
    where s.alert_id = $1 and u.sweep_id = s.id
      and not exists (select from sweep t join sweep_unit w on w.sweep_id = t.id
                      where t.alert_id = $1 and w.worked_by is not null)
), unsalted as (
    -- What is left of sightings and originals anywhere opens no more.
    update page set sighting_salt = null where alert_id = $1
), forgotten as (
    delete from proposal where alert_id = $1
), unexplained as (
    update ring set reason = '', longitude = round(longitude::numeric, 2)::double precision,
                    latitude = round(latitude::numeric, 2)::double precision
    where alert_id = $1
), undigested as (
    -- Whoever has a digest can test guesses of what is deleted: so it needs the server's secret ($3) from now on.
    update cap_message set digest = sha256($3::bytea || digest) where alert_id = $1
), untold as (
    -- What was to be sent of sightings went with them, before (sightings_delete.sql). That the alert is over has nothing of
    -- the child: it is tried on, for its day, and what nobody took stays listed.
    delete from police_event where alert_id = $1 and (sighting_id is not null or delivered_at is not null)
), unreasoned as (
    delete from audit_reason where alert_id = $1
)
update alert
set content = jsonb_build_object('texts', '{}'::jsonb, 'last', coalesce(content -> 'last', '{}'::jsonb))
              || jsonb_strip_nulls(jsonb_build_object('time_zone', content -> 'time_zone', 'closing', content -> 'closing',
                                                      'subject_kind', content -> 'subject_kind')),
    after_action = null,
    city_polygon = coalesce($2, city_polygon), longitude = round(longitude::numeric, 2)::double precision,
    latitude = round(latitude::numeric, 2)::double precision, child_deleted_at = now()
where id = $1;
