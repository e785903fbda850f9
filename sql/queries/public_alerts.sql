-- The alerts that may be published: actual ones whose sending has begun, newest first, or the one with id $1. A ring
-- that was held after its sending began stays published; a ring that comes due after the end of its alert is not sent. What is
-- paused because a filer was revoked is not published before somebody resumes it.
with public as (
    select a.* from alert a
    where a.status = 'actual' and a.received_at > now() - $2::interval and ($1::uuid is null or a.id = $1)
      and a.state not in ('received', 'in_review', 'scheduled')
      and not (a.state = 'paused' and a.distrusted_at is not null)
      and exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                  where s.alert_id = a.id and s.notice = 'alert' and u.worked_by is not null)
    order by a.received_at desc limit $3
)
select a.id, a.state, a.received_at, a.expires, a.longitude, a.latitude, a.city, a.city_polygon, a.jurisdiction,
       a.content::text as content, a.ended_at, shown.radius_km, coalesce(shown.whole, false) as whole,
       (select array_agg(n.notice order by n.version) from notice n where n.alert_id = a.id) as notices,
       (select array_agg(n.at order by n.version) from notice n where n.alert_id = a.id) as moments,
       coalesce(shown.later, '{}') || a.extended || coalesce(g.photos_at, '{}') as changes,
       coalesce(shown.circles, '[]')::text as circles, g.photo_tag
from public a left join page g on g.alert_id = a.id cross join lateral (
    select max(r.radius_km) filter (where r.longitude is null) as radius_km,
           jsonb_agg(jsonb_build_array(r.longitude, r.latitude, r.radius_km) order by r.ring)
               filter (where r.longitude is not null) as circles, bool_or(r.city) as whole,
           array_agg(distinct r.due_at) filter (where r.due_at > a.received_at) as later
    from ring r
    where r.alert_id = a.id and r.due_at <= coalesce(a.ended_at, now())
      and (r.held is null
           or exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                      where s.alert_id = r.alert_id and s.ring = r.ring and u.worked_by is not null))
) shown
order by a.received_at desc;
