-- Wakes every process to stop sending an alert, when the transaction commits.
select pg_notify('qq_alert_sweeps', $1::uuid::text);
