-- The process of PostgreSQL that serves this transaction: its number is that of one machine until that starts again.
select concat_ws(' ', pg_backend_pid(), extract(epoch from pg_postmaster_start_time()));
