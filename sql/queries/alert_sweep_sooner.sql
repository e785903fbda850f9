-- The next pass of these alerts, or of all (null), comes sooner, but at least the gap after the last one began. One that has
-- begun, and that some lanes are still to have, is another one: who enters now was not in it.
update alert
set next_sweep_at = least(case when next_sweep_at > swept_at then next_sweep_at end,
                          greatest(now(), swept_at + greatest($2::interval, interval '1 microsecond')))
where ($1::uuid[] is null or id = any($1)) and state in ('sending', 'sent', 'paused') and expires > now();
