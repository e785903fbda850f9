-- Whoever goes on has decided about what was known when the alert was paused, and about nothing that came since.
with before as (
    select array(select unnest(mistrusted) intersect select unnest(mistrusted_seen) order by 1) as dismissed from alert where id = $1
)
update alert set mistrusted = array(select m from unnest(mistrusted) m where m <> all(before.dismissed))
from before where id = $1 returning before.dismissed;
