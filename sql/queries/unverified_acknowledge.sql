-- A resume acknowledges the messages that were known when the alert was paused, and none that came since.
with before as (
    select array(select unnest(unverified_messages) intersect select unnest(unverified_messages_seen) order by 1)
           as acknowledged
    from alert where id = $1
)
update alert
set unverified_messages = array(select m from unnest(unverified_messages) m where m <> all(before.acknowledged))
from before where id = $1 returning before.acknowledged;
