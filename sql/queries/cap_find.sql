-- The alert that any of these messages was about, by sender, identifier and time of sending.
select m.alert_id from cap_message m
join unnest($2::text[], $3::text[], $4::timestamptz[]) as r (sender, identifier, sent)
  on m.sender = r.sender and m.identifier = r.identifier and m.sent = r.sent
where m.authority_id = $1 limit 1;
