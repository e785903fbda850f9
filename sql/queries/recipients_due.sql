-- The recipients are deleted once nothing more can be sent. What a process that was cut off commits only then goes as well.
select a.id from alert a
where a.state = 'closed' and a.ended_at <= now() - $1::interval
  and (a.recipients_deleted_at is null
       or (a.recipients_deleted_at > now() - interval '1 day' and exists (select from ledger l where l.alert_id = a.id)))
order by a.ended_at limit 1
for update of a skip locked;
