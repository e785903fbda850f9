"""The record: keeps cases, alerts, sweeps, the ledger and the audit trail in PostgreSQL.

The only room with SQL. Each query is a `.sql` file under `queries/` that one module wraps in typed functions; a test
prepares every one against the migrated schema. What is not committed here has not happened. Of positions, providers
and HTTP this room knows nothing. Bounded: a pool of `database.POOL_MAX` connections, each read by a limit of its
module. Errors: one of `database.UNAVAILABLE_ERRORS` means "try again"; every other exception is a bug.
"""
