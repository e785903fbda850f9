select pg_notify('qq_alert_sweeps', '');
