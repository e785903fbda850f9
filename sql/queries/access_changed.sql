-- Tells every process, when the transaction commits, that a token, an authority or a certificate counts no longer.
select pg_notify('qq_alert_access', '');
