-- Whether a notice may have been sent to somebody; its units are locked, so that nobody claims one meanwhile.
with units as (
    select u.worked_by from sweep s join sweep_unit u on u.sweep_id = s.id
    where s.alert_id = $1 and s.version = $2 and s.notice <> 'alert'
    for update of u
)
select exists (select from units where worked_by is not null);
