-- The alerts that go on first, then those that wait for a person, then the newest of the others.
select a.id from alert a join child_case c on c.id = a.case_id
where ($2::text is null or c.case_number = $2) and ($3::text is null or c.authority_id = $3)
order by a.state in ('sending', 'sent', 'paused') desc, a.state in ('received', 'in_review', 'scheduled') desc,
         a.verified desc, a.received_at desc
limit $1;
