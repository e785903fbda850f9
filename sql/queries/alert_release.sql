-- An operator releases these rings, up to $2 people. A ring of which no unit was sent yet is due from now on, and after
-- all rings that may have been claimed before this is committed. Who entered while they were held is found by a pass,
-- which comes now.
with freed as (
    update ring r
    set held = null,
        due_at = case when exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                                   where s.alert_id = r.alert_id and s.ring = r.ring and u.worked_by is not null
                                     and not u.entrants)
                      then r.due_at
                      else greatest(r.due_at, clock_timestamp(),
                                    (select max(o.due_at) + interval '1 microsecond' from ring o
                                     where o.alert_id = r.alert_id and o.ring <> all($3::smallint[])
                                       and o.due_at <= clock_timestamp() + interval '1 minute')) end
    where r.alert_id = $1 and r.ring = any($3::smallint[])
)
update alert set audience_max = $2, next_sweep_at = least(case when next_sweep_at > swept_at then next_sweep_at end, now()) where id = $1;
