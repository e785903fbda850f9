"""The record: the only room that speaks SQL.

Every query stands in a `.sql` file
under `queries/` and has exactly one typed function; a test PREPAREs each against the migrated schema.
`asyncpg.Pool` bounds the connections; `database.UNAVAILABLE_ERRORS` are the exceptions that mean "try again".
What is not committed here has not happened. This room knows nothing of positions, providers or HTTP.
"""
