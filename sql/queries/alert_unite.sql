-- An alert goes by another jurisdiction ($2) from now on. Who comes in anew is found by searching its widest due ring
-- again, minus the ledger, within another thirty minutes ($5). A unit that is leased now will not be marked done by its
-- process, which may go by the area of before. Rings that would reach more people than the cap are held ($4), and who
-- approved what is not sent yet approved another area.
with wider as (
    update alert a set jurisdiction = $2, area_version = a.area_version + 1, estimate = coalesce($3::jsonb, a.estimate),
                       revision = a.revision + case when a.state in ('in_review', 'scheduled') then 1 else 0 end
    where a.id = $1
), held as (
    update ring r set held = $6 where r.alert_id = $1 and r.ring = any($4::integer[]) and r.held is null
), widest as (
    select max(r.ring) as ring from ring r
    where r.alert_id = $1 and r.due_at <= now() and r.held is null and r.ring <> all($4::integer[])
), later as (
    update ring r set deadline = greatest(r.deadline, now() + $5::interval) from widest w
    where r.alert_id = $1 and r.ring = w.ring
)
update sweep_unit u set done = false, passes = 0, reopened = u.lease_until is not null
from sweep s join widest w on w.ring = s.ring
where s.alert_id = $1 and s.notice = 'alert' and u.sweep_id = s.id and not u.entrants;
