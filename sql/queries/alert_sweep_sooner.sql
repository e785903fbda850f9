-- The next pass of these alerts, or of all (null), comes sooner, but at least the gap after the last one.
update alert set next_sweep_at = least(next_sweep_at, greatest(now(), swept_at + $2::interval))
where ($1::uuid[] is null or id = any($1)) and state = 'sent';
