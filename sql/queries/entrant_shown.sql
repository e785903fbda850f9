-- Says that late entrants of these alerts were notified, so that their counts are read again; returns which of them it is
-- said of: an alert that somebody changes now has its turn later.
with soft as (
    select set_config('synchronous_commit', 'off', true)
), free as (
    select a.id from soft, alert a where a.id = any($1::uuid[]) for update of a skip locked
)
update alert a set entered_at = now() from free where a.id = free.id returning a.id;
