-- Takes the page that is next, so that no other publisher takes it for $1, which its own one extends. `goes`: its alert does
-- not live, and something that says who is missing may be published. $3: only such pages, or only all others; null: any.
-- Those that failed less often come first, then the one that waits longest. A page whose publisher before did not say how
-- it ended settles $2 from now on: what that one had begun may still be written.
with next as (
    select p.alert_id, p.held_until is not null as interrupted
    from page p join alert a on a.id = p.alert_id cross join lateral (
        select not page_lives(a.state, a.expires, a.child_deleted_at, a.distrusted_at)
               and (p.first_made_at is not null or p.settle_at is not null or p.held_until is not null) as goes
    ) now
    where (p.made < p.wanted and p.changed_at <= clock_timestamp() or p.settle_at <= clock_timestamp())
      and (p.held_until is null or p.held_until < clock_timestamp())
      and ($3::boolean is null or goes = $3)
    order by goes desc, p.over, p.attempts, a.state in ('sending', 'sent', 'paused') desc, p.changed_at
    limit 1 for update of p skip locked
)
update page p
set held_until = clock_timestamp() + $1::interval, attempts = p.attempts + 1,
    settle_at = case when next.interrupted then greatest(p.settle_at, clock_timestamp() + $2::interval) else p.settle_at end
from next where p.alert_id = next.alert_id
returning p.alert_id, p.code, p.held_until, p.attempts, clock_timestamp(), p.settle_at is not null;
