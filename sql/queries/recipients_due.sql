select a.id from alert a
where a.ended_at <= now() - $1::interval and a.recipients_deleted_at is null
order by a.ended_at limit 1
for update of a skip locked;
