update alert set unverified_messages = unverified_messages || $2::text
where id = $1 and state in ('received', 'in_review', 'scheduled', 'sending', 'sent', 'paused')
  and not $2 = any(unverified_messages)
returning id;
