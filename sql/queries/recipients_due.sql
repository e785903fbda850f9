-- Recipients are due once nothing more can be sent. Rows that a process commits late, after a lost connection, are due
-- again for a day. $2: those that are left for later.
select a.id from alert a
where a.state = 'closed' and a.id <> all($2::uuid[]) and a.ended_at <= now() - $1::interval
  and (a.recipients_deleted_at is null
       or (a.recipients_deleted_at > now() - interval '1 day'
           and exists (select from ledger l where l.alert_id = a.id)))
order by a.ended_at limit 1
for update of a skip locked;
