-- Says that who was notified of an alert is deleted, and settles how many they were; an alert that was never sent has no
-- number.
with settled as (
    update page set notified = sums.accepted
    from (select sum(u.accepted) as accepted from sweep s join sweep_unit u on u.sweep_id = s.id
          where s.alert_id = $1 and s.notice = 'alert' having bool_or(u.worked_by is not null)) sums
    where alert_id = $1
)
update alert set recipients_deleted_at = coalesce(recipients_deleted_at, now()) where id = $1;
