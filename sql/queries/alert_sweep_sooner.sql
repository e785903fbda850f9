-- After a burst of reports the next pass comes sooner, but at least the gap after the last one.
update alert set next_sweep_at = least(next_sweep_at, greatest(now(), swept_at + $2::interval))
where id = any($1::uuid[]) and state = 'sent';
