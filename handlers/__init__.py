"""The edge: everything that speaks HTTP or WebSocket to the outside.

Requests flow in with a declared role and a bounded body, problem+json or JSON flows out. `routes.ROUTES` lists every
route with its role. Bounded: bodies by route, feed messages a client by `feed.BACKLOG`, tokens cached by `access`.
This room knows the job in `push`, the record's access rows in `sql` and the index in `geo`, nothing of settings.
"""
