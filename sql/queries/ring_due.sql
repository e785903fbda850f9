-- The due rings that together are the area of each of these alerts ($1).
select o.alert_id, r.radius_km, r.city, r.longitude, r.latitude
from outer_ring o join ring r on r.alert_id = o.alert_id and r.ring = o.ring
where o.alert_id = any($1::uuid[]) order by o.alert_id, o.ring;
