-- What may be published: alerts that are meant and of which somebody was told, newest first, or the one asked for.
select a.id, a.state, a.received_at, a.expires, a.longitude, a.latitude, a.city, a.city_polygon, a.jurisdiction,
       a.content::text as content, a.ended_at,
       (select max(r.radius_km) from ring r where r.alert_id = a.id and r.due_at <= now() and r.held is null) as radius_km,
       coalesce((select bool_or(r.city) from ring r where r.alert_id = a.id and r.due_at <= now() and r.held is null),
                false) as whole,
       (select array_agg(n.notice order by n.version) from notice n where n.alert_id = a.id) as notices,
       (select array_agg(n.at order by n.version) from notice n where n.alert_id = a.id) as moments
from alert a
where a.status = 'actual' and a.received_at > now() - $2::interval and ($1::uuid is null or a.id = $1)
  and (a.state in ('sending', 'sent', 'paused')
       or (a.state = 'expired'
           and (a.sent_at is not null or exists (select from ledger l where l.alert_id = a.id)))
       or exists (select from notice n where n.alert_id = a.id and n.notice in ('found', 'cancel')))
order by a.received_at desc limit $3;
