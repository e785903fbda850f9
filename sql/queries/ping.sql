-- Whether PostgreSQL takes writes: a standby, or one that is set to read-only, does not.
select not current_setting('transaction_read_only')::boolean;
