-- A hard cap: what is not yet done of an alert that has reached so many people is held until somebody decides.
with reached as (
    select s.alert_id, sum(u.accepted + u.invalid + u.refused + u.quarantined + u.failed) as people
    from sweep s join sweep_unit u on u.sweep_id = s.id
    where s.alert_id = any($1::uuid[]) and s.notice = 'alert'
    group by s.alert_id
)
update ring r set held = 'audience cap'
from reached where r.alert_id = reached.alert_id and reached.people >= $2::bigint and r.held is null
  and exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
              where s.alert_id = r.alert_id and s.ring = r.ring and not u.done and u.passes = 0)
returning r.alert_id;
