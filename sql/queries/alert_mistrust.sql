-- A Cancel is not hidden by an Update that comes after it.
update alert set unverified = $2
where id = $1 and state in ('received', 'in_review', 'scheduled', 'sending', 'sent', 'paused')
  and unverified is distinct from $2 and (unverified is null or unverified not like 'Cancel%' or $2 like 'Cancel%');
