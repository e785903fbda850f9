-- The drafts that wait for review, and those of the last hour that have ended: their sender decides how soon they end.
select count(*) from alert a join child_case c on c.id = a.case_id
where c.authority_id = $1 and not a.verified
  and (a.state = 'in_review'
       or (a.received_at > now() - interval '1 hour' and a.state not in ('sending', 'sent', 'paused')));
