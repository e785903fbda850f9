-- The alerts that ended, with their cases, whose notice may still reach somebody, and is not held yet: not everybody was
-- looked for, or passes for those who changed lanes, or stood in lost shards, may come within its day.
select a.id, c.authority_id || ' ' || c.case_number as case_name
from alert a join child_case c on c.id = a.case_id join notice n on n.alert_id = a.id and n.version = a.version
where a.state in ('found', 'cancelled') and a.recipients_deleted_at is null
  and exists (select from sweep s
              where s.alert_id = a.id and s.version = a.version and s.notice in ('found', 'cancel')
                and s.due_at < 'infinity'
                and (n.at > now() - interval '1 day'
                     or exists (select from sweep_unit u where u.sweep_id = s.id and not u.done)))
order by a.id limit $1;
