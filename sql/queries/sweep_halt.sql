-- Tells every process to stop what it holds of an alert, when the transaction commits.
select pg_notify('qq_alert_sweeps', $1::uuid::text);
