"""Composition: turns settings and the command line into running processes.

The only room that may import every other one: it reads the configuration, starts embedded stores, connects the engine
with the HTTP edge, and stops all of them in order. Bounded: `stores.STORE_WAIT_S` to reach the stores at the start;
`grace_s` for what is being sent at the end, then `edge.EDGE_GRACE_S` and `process.CLOSE_S`. Errors: SettingsError for a
configuration that cannot be used, StateOwnedError and EmbeddedStoreError for embedded stores; a bug ends the process.
"""

__version__ = "0.1.0"
