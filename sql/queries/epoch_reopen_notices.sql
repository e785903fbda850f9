-- Shards ($1) lost their people: those who were notified hear of a follow-up notice once they report again. The number
-- of passes is that of the time gone by, so that the next ones come one by one ($2 apart).
update sweep_unit u
set done = false, reopened = u.lease_until is not null,
    passes = greatest(u.passes, floor(extract(epoch from now() - least(n.at, now())) / extract(epoch from $2::interval))::integer)
from sweep s join alert a on a.id = s.alert_id join notice n on n.alert_id = s.alert_id and n.version = s.version
where u.sweep_id = s.id and s.notice <> 'alert' and a.state in ('sending', 'sent', 'found', 'cancelled')
  and n.at > now() - interval '1 day' and a.recipients_deleted_at is null
  and exists (select from unnest($1::smallint[]) lost where lost >= u.shard_from and lost < u.shard_to);
