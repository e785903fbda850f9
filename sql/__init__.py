"""The record: the only room that speaks SQL.

Values from `push` and `handlers` flow in, rows as typed structs flow out. Every query stands in a `.sql` file
under `queries/` and has exactly one typed function; a test PREPAREs each against the migrated schema.
`asyncpg.Pool` bounds the connections; `database.AWAY` lists the exceptions that mean "PostgreSQL is away, try again".
What is not committed here has not happened. This room knows nothing of positions, providers or HTTP.
"""
