-- The unit that is claimed first of a sweep ($1), without these ($2).
select u.id from sweep_unit u
where u.sweep_id = $1 and not u.done and (u.lease_until is null or u.lease_until < now())
  and u.id not in (select unnest($2::bigint[]))
order by u.shard_from limit 1;
