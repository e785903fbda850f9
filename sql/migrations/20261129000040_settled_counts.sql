-- migrate:up
-- How many recipients of the alert itself a provider accepted, once no more can come to it: when who they were is deleted.
-- What is said of all alerts together then reads one row of each, not each unit of its work.
alter table page add column notified bigint;
update page p set notified = settled.accepted
from (select s.alert_id, sum(u.accepted) as accepted
      from sweep s join sweep_unit u on u.sweep_id = s.id join alert a on a.id = s.alert_id
      where s.notice = 'alert' and a.recipients_deleted_at is not null
      group by s.alert_id having bool_or(u.worked_by is not null)) settled
where p.alert_id = settled.alert_id;

-- migrate:down
alter table page drop column notified;
