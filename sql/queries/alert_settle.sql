-- An alert is sent when no unit is left to do, and expired when its time is over: both can be said again without harm.
update alert a
set state = case when a.expires <= now() then 'expired' else 'sent' end,
    sent_at = case when a.expires <= now() then a.sent_at else now() end
where a.state = 'sending'
  and (a.expires <= now()
       or not exists (select from sweep s join sweep_unit u on u.sweep_id = s.id where s.alert_id = a.id and not u.done))
returning a.id, a.state;
