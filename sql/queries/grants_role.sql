-- For which role grants_apply.sql is, within this transaction.
select set_config('qq_alert.runtime', $1::text, true), set_config('lock_timeout', $2::text, true);
