update alert set mistrusted = mistrusted || $2::text
where id = $1 and state in ('received', 'in_review', 'scheduled', 'sending', 'sent', 'paused') and not $2 = any(mistrusted)
returning id;
