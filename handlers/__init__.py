"""The edge: everything that speaks HTTP or WebSocket to the outside.

The rooms are those of the callers: `police`, `platform`, `operators`, `public`, `ops`. Beside them stand `auth` (who
may call), `http` (requests, responses, problems) and `cap` (the format). Each route is one declaration in its room's
`routes` module; `endpoint` does for it what the declaration says. Bounded: bodies by route, feed messages a client,
cached tokens.
This room knows the job in `push`, the record's access rows in `sql` and the index in `geo`, nothing of settings.
"""
