"""Starts the embedded stores of a state folder, and stops them in reverse order.

Bounded: `process.READY_S` and `process.STOP_S` for each store.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from server.embedded import postgres as postgres_room
from server.embedded import valkey as valkey_room
from server.embedded.folder import make_private
from server.embedded.owner import Ownership, StoreUrls

if TYPE_CHECKING:
    from types import TracebackType

    from server.embedded.process import Child


class EmbeddedStores:
    """Starts, restarts and stops the embedded stores."""

    def __init__(self, state_dir: Path, *, postgres: bool, valkey: bool, confined: bool = False) -> None:
        """`confined`: nobody but a server gets into Valkey, as every server of its own wants it."""
        self._confined = confined
        self._state_dir = state_dir.absolute()
        self._wanted = (postgres, valkey)
        self._ownership: Ownership | None = None
        self._sockets: Path | None = None
        self._postgres: postgres_room.Cluster | None = None
        self._valkey: Child | None = None

    def __enter__(self) -> StoreUrls:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> StoreUrls:
        """Take the folder and start the chosen stores; raises what `server.embedded` names."""
        make_private(self._state_dir)
        ownership = Ownership(self._state_dir)
        try:
            ownership.take()
        except BaseException:
            os.close(ownership.fd)
            raise
        self._ownership = ownership
        # The path of a socket has at most 108 bytes, and that of a state folder may be longer.
        self._sockets = Path(tempfile.mkdtemp(prefix="qqa-"))
        wants_postgres, wants_valkey = self._wanted
        urls = StoreUrls(
            self.restart_postgres() if wants_postgres else None,
            self.restart_valkey() if wants_valkey else None,
            self._postgres.runtime_url if self._postgres is not None else None,
        )
        ownership.publish(urls)
        return urls

    def restart_postgres(self, *, hard: bool = False) -> str:
        """Stop PostgreSQL if it runs (`hard`: as in a crash), and start it; returns its owner's URL."""
        ownership, sockets = self._owned()
        if self._postgres is not None:
            self._postgres.child.stop(signal.SIGQUIT if hard else None)
        else:
            self._postgres = postgres_room.Cluster(self._state_dir, sockets, has_passwords=True)
        return self._postgres.start(ownership.fd)

    def restart_valkey(self) -> str:
        """Stop Valkey if it runs, and start it; returns its URL."""
        ownership, sockets = self._owned()
        if self._valkey is not None:
            self._valkey.stop()
        else:
            self._valkey = valkey_room.child(self._state_dir)
        return valkey_room.start(self._valkey, self._state_dir, sockets, ownership.fd, confined=self._confined)

    def pids(self) -> list[int]:
        """Return the process ids of the running stores."""
        children = [self._postgres.child if self._postgres else None, self._valkey]
        return [child.pid for child in children if child is not None and child.pid is not None]

    def dead(self) -> str | None:
        """Return the name of a store that ended by itself, None when there is none."""
        if self._postgres is not None and self._postgres.child.is_dead():
            return self._postgres.child.name
        if self._valkey is not None and self._valkey.is_dead():
            return self._valkey.name
        return None

    def stop(self) -> None:
        """Stop the stores and release the folder; a second call does nothing."""
        if self._valkey is not None:
            self._valkey.stop()
        if self._postgres is not None:
            self._postgres.child.stop()
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
        if self._ownership is not None:
            self._ownership.give_up()
        self._postgres = self._valkey = self._sockets = self._ownership = None

    def _owned(self) -> tuple[Ownership, Path]:
        if self._ownership is None or self._sockets is None:
            raise RuntimeError("the stores are not started")
        return self._ownership, self._sockets
