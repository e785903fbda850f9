-- Locks what goes on or waits and was filed by an authority, or where one is named has messages that a certificate
-- signed, or of which that is not known.
select a.id from alert a join child_case c on c.id = a.case_id
where c.authority_id = $1 and a.state in ('in_review', 'scheduled', 'sending', 'sent', 'paused')
  and ($2::text is null or exists (select from cap_message m
                                   where m.alert_id = a.id and coalesce(m.certificate, $2) = $2))
order by a.id for update of a;
