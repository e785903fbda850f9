-- The alert whose child's data is due for deletion: sooner when the child was found; counted from the last notice,
-- which may come long after the alert expired. A follow-up notice in sending delays it, at most by the same time again.
select a.id, a.state
from alert a cross join lateral (
    select greatest(a.ended_at, max(n.at)) as at,
           case when a.state = 'found' then $1::interval else $2::interval end as kept
    from notice n where n.alert_id = a.id and n.notice in ('found', 'cancel')
) last
where ($3::uuid is null or a.id = $3) and a.id <> all($4::uuid[]) and a.state in ('found', 'cancelled', 'expired') and last.at <= now() - last.kept
  and (not exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                   where s.alert_id = a.id and s.notice in ('found', 'cancel') and not u.done)
       or last.at <= now() - 2 * last.kept)
order by last.at limit 1
for update of a skip locked;
