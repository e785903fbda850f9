-- Reads nothing of the case, so that nothing about the child can be published here.
select a.id, a.status, a.state, a.received_at, a.sent_at, a.ended_at, a.through_alert, a.longitude, a.latitude,
       case when bool_or(r.city) then a.city end as city, max(r.radius_km) filter (where r.longitude is null) as radius_km,
       a.subject_kind,
       coalesce(array_agg(r.longitude order by r.ring) filter (where r.longitude is not null), '{}') as longitudes,
       coalesce(array_agg(r.latitude order by r.ring) filter (where r.longitude is not null), '{}') as latitudes,
       coalesce(array_agg(r.radius_km order by r.ring) filter (where r.longitude is not null), '{}') as radii_km
from alert a
left join ring r on r.alert_id = a.id
    and exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                where s.alert_id = r.alert_id and s.ring = r.ring and (u.searched or u.done or u.passes > 0))
where a.id = $1
group by a.id;
