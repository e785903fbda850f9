-- The alert that any of these messages was about, by sender, identifier and time of sending: of this authority, or of one
-- whose case it shares.
select m.alert_id from cap_message m
join unnest($2::text[], $3::text[], $4::timestamptz[]) as r (sender, identifier, sent)
  on m.sender = r.sender and m.identifier = r.identifier and m.sent = r.sent
join alert a on a.id = m.alert_id
where m.authority_id = any(array(select $1::text union
          select c.authority_id from case_authority i join child_case c on c.id = i.case_id
          where i.authority_id = $1 and i.countersigned_at is not null
          union select o.authority_id from case_authority i join case_authority o on o.case_id = i.case_id
          where i.authority_id = $1 and i.countersigned_at is not null and o.countersigned_at is not null
          union select o.authority_id from child_case c join case_authority o on o.case_id = c.id
          where c.authority_id = $1 and o.countersigned_at is not null))
  and (m.authority_id = $1
       or exists (select from child_case c where c.id = a.case_id and c.authority_id = $1)
       or exists (select from case_authority i
                  where i.case_id = a.case_id and i.authority_id = $1 and i.countersigned_at is not null))
limit 1;
