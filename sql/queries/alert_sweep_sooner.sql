-- After a burst of reports the next pass comes sooner, but not before its gap to the last one is over.
update alert set next_sweep_at = least(next_sweep_at, greatest(now(), swept_at + $2::interval))
where id = any($1::uuid[]) and state = 'sent';
