-- An alert goes by another jurisdiction ($2) from now on. Who comes in anew is found by searching its outermost due rings
-- again, minus the ledger, within another thirty minutes ($5). What is done, and shares a shard with a ring that is due
-- later and still searched, is left to the next pass: else both could notify one person. A unit that is leased now will
-- not be marked done by its process, which may go by the area of before. Rings that would reach more people than the cap
-- are held ($4), and who approved what is not sent yet approved another area.
with wider as (
    update alert a set jurisdiction = $2, area_version = a.area_version + 1, estimate = coalesce($3::jsonb, a.estimate),
                       revision = a.revision + case when a.state in ('in_review', 'scheduled') then 1 else 0 end
    where a.id = $1
), held as (
    update ring r set held = $6 where r.alert_id = $1 and r.ring = any($4::integer[]) and r.held is null
), outermost as (
    select r.ring, r.due_at from ring r
    where r.alert_id = $1 and r.due_at <= now() and r.held is null and r.ring <> all($4::integer[])
      and not exists (
        select from ring w
        where w.alert_id = $1 and w.due_at <= now() and w.held is null and w.ring <> all($4::integer[])
          and w.longitude is not distinct from r.longitude and w.latitude is not distinct from r.latitude
          and coalesce(w.radius_km, 0) >= coalesce(r.radius_km, 0) and w.city >= r.city
          and (coalesce(w.radius_km, 0), w.city, w.ring) > (coalesce(r.radius_km, 0), r.city, r.ring))
), later as (
    update ring r set deadline = greatest(r.deadline, now() + $5::interval) from outermost w
    where r.alert_id = $1 and r.ring = w.ring
)
update sweep_unit u set done = false, passes = 0, reopened = u.lease_until is not null
from sweep s join outermost w on w.ring = s.ring
where s.alert_id = $1 and s.notice = 'alert' and u.sweep_id = s.id and not u.entrants
  and (not u.done or not exists (
    select from sweep l join ring b on b.alert_id = l.alert_id and b.ring = l.ring
    join sweep_unit other on other.sweep_id = l.id
    where l.alert_id = $1 and l.notice = 'alert' and l.lane = s.lane and (b.due_at, b.ring) > (w.due_at, w.ring)
      and b.due_at <= clock_timestamp() + interval '1 minute' and not other.done and not other.entrants
      and (b.held is null or other.lease_until is not null)
      and other.shard_from < u.shard_to and other.shard_to > u.shard_from));
