-- Which undecided sightings of an alert ($1) come before and after one of them ($2), which may be decided meanwhile; one of
-- each stack, in the order of the list: nearest or newest first ($3).
select before, after from (
    select s.id, lag(s.id) over ordered as before, lead(s.id) over ordered as after
    from sighting s
    where s.alert_id = $1
      and (s.id = $2 or (s.state = 'new'
           and not exists (select from sighting t where t.stack = s.stack and t.state = 'new'
                           and (t.received_at, t.id) < (s.received_at, s.id))))
    window ordered as (order by case when $3::text = 'nearest' then s.distance_km end nulls last, s.received_at desc, s.id)
) beside
where id = $2;
