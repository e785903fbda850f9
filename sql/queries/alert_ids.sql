-- The alerts that go on first, then those that wait for a person, then the newest of the others.
select a.id from alert a join child_case c on c.id = a.case_id
where ($2::text is null or c.case_number = $2) and ($3::text is null or c.authority_id = $3 or exists (
          select from case_authority i where i.case_id = c.id and i.authority_id = $3 and i.countersigned_at is not null))
  and ($4::text is null or c.authority_id = $4
       or exists (select from case_authority i
                  where i.case_id = c.id and i.authority_id = $4 and i.countersigned_at is not null)
       or ($5 and (a.state = 'in_review' or (a.state in ('sending', 'sent', 'paused')
                   and (exists (select from proposal p where p.alert_id = a.id)
                        or exists (select from ring r where r.alert_id = a.id and r.held is not null))))))
order by a.state in ('sending', 'sent', 'paused') desc, a.state in ('received', 'in_review', 'scheduled') desc,
         a.verified desc, a.received_at desc
limit $1;
