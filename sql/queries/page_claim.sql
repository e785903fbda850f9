-- Takes the page that is next, so that no other publisher takes it for $1, which its own one extends: one that is to go
-- comes first, then one that lives, then the one that waits longest. `interrupted`: the publisher before did not say how it ended, or failed,
-- and what it had begun to write may still be written.
with next as (
    select p.alert_id, p.held_until is not null as interrupted
    from page p join alert a on a.id = p.alert_id
    where p.made < p.wanted and p.changed_at <= clock_timestamp()
      and (p.held_until is null or p.held_until < clock_timestamp())
    order by p.first_made_at is not null and not p.over and a.state not in ('sending', 'sent', 'paused') desc,
             a.state in ('sending', 'sent', 'paused') desc, p.changed_at
    limit 1 for update of p skip locked
)
update page p set held_until = clock_timestamp() + $1::interval, attempts = p.attempts + 1
from next where p.alert_id = next.alert_id
returning p.alert_id, p.code, p.held_until, p.attempts, next.interrupted;
