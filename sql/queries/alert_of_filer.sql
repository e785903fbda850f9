-- Locks what goes on or waits and is of an authority, where no other that stands shares it, or where a certificate is named
-- has messages that it signed, or of which that is not known.
select a.id from alert a join child_case c on c.id = a.case_id
where (c.authority_id = $1 or exists (select from case_authority i where i.case_id = c.id and i.authority_id = $1
                                      and i.countersigned_at is not null))
  and not exists (select from authority o where o.id <> $1 and o.revoked_at is null
                  and (o.id = c.authority_id or exists (select from case_authority i where i.case_id = c.id
                                                        and i.authority_id = o.id and i.countersigned_at is not null)))
  and a.state in ('in_review', 'scheduled', 'sending', 'sent', 'paused')
  and ($2::text is null or exists (select from cap_message m
                                   where m.alert_id = a.id and coalesce(m.certificate, $2) = $2))
order by a.id for no key update of a;
