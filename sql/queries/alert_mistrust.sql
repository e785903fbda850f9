-- A Cancel is not hidden by an Update that comes after it.
update alert set mistrusted = $2
where id = $1 and state in ('received', 'in_review', 'scheduled', 'sending', 'sent', 'paused')
  and mistrusted is distinct from $2 and (mistrusted is null or mistrusted not like 'Cancel%' or $2 like 'Cancel%')
returning id;
