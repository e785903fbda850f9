-- Whose child's data is due to go: sooner once the child is found. A later word that is still being told is waited for.
select a.id, a.state from alert a
where a.state in ('found', 'cancelled', 'expired')
  and a.ended_at <= now() - case when a.state = 'found' then $1::interval else $2::interval end
  and (not exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                   where s.alert_id = a.id and s.notice in ('found', 'cancel') and not u.done)
       or a.ended_at <= now() - 2 * case when a.state = 'found' then $1::interval else $2::interval end)
order by a.ended_at limit 1
for update of a skip locked;
