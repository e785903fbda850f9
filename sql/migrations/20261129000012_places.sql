-- migrate:up
-- A ring may have a centre of its own: where the police know that the child was later. Without one it is around the
-- place of its alert. A ring around another place is a circle: the city is that of the alert. `nearness`: 1 for the ring
-- that is the nearest one to its centre; without it its number says that.
alter table ring
    add column longitude double precision,
    add column latitude double precision,
    add column nearness smallint check (nearness > 0),
    add constraint ring_centre check ((longitude is null) = (latitude is null)),
    add constraint ring_circle check (longitude is null or (radius_km is not null and not city));

-- The due rings that together are an alert's area: those that lie in no other ring around the same centre.
create view outer_ring as
select r.alert_id, r.ring from ring r
where r.due_at <= now() and r.held is null
  and not exists (
    select from ring w
    where w.alert_id = r.alert_id and w.due_at <= now() and w.held is null
      and w.longitude is not distinct from r.longitude and w.latitude is not distinct from r.latitude
      and coalesce(w.radius_km, 0) >= coalesce(r.radius_km, 0) and w.city >= r.city
      and (coalesce(w.radius_km, 0), w.city, w.ring) > (coalesce(r.radius_km, 0), r.city, r.ring));

-- migrate:down
drop view outer_ring;
alter table ring drop constraint ring_circle, drop constraint ring_centre, drop column nearness,
    drop column latitude, drop column longitude;
