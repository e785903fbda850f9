-- Photos of alerts that live which were refused, or lost and not there again, oldest wish first, at most $1: what an operator
-- should know.
select p.alert_id, p.fault from case_photo p join alert a on a.id = p.alert_id
where (p.state = 'refused' or p.state = 'wanted' and p.fault = 'lost') and a.child_deleted_at is null
  and a.state in ('in_review', 'scheduled', 'sending', 'sent', 'paused')
order by p.try_at limit $1;
