"""A proxy before PostgreSQL that can cut the connections that LISTEN, or silence all that there are.

Bounded by the test.
"""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from tests.support.stores.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.stores.proxy import Connection

SOCKET: Final = ".s.PGSQL.5432"


def socket_of(database_url: str) -> Path:
    """Return the path of the socket of a PostgreSQL that listens on one."""
    return Path(parse_qs(urlsplit(database_url).query)["host"][0]) / SOCKET


class PostgresProxy(Proxy):
    """A socket that forwards to PostgreSQL's; `database_url` connects through it."""

    def __init__(self, database_url: str, folder: Path) -> None:
        target = socket_of(database_url)
        super().__init__(target, folder / SOCKET)
        self.database_url = database_url.replace(str(target.parent), str(folder))
        self._listeners: set[Connection] = set()
        self._refuses_listeners = False
        self._losing = b""
        self._asks: Connection | None = None
        self._loses: Connection | None = None

    def lose_answer(self, statement: bytes) -> None:
        """Cut the next connection that asks for `statement`, once its COMMIT is through and before that is answered."""
        self._losing = statement

    def cut_listeners(self) -> None:
        """Cut the connections that LISTEN, and any that try to, until `allow_listeners`."""
        self._refuses_listeners = True
        for listener in self._listeners & self.connections:
            listener.abort()

    def allow_listeners(self) -> None:
        """Let connections LISTEN again."""
        self._refuses_listeners = False

    def accepts(self, connection: Connection, chunk: bytes, /) -> bool:
        """Remember which connections LISTEN, and cut them while that is asked for."""
        if self._losing and self._losing in chunk:
            self._asks, self._losing = connection, b""
        if connection is self._asks and b"COMMIT" in chunk:
            self._asks, self._loses = None, connection
        if b"LISTEN" in chunk:
            self._listeners.add(connection)
            return not self._refuses_listeners
        return True

    def answers(self, connection: Connection, _: bytes, /) -> bool:
        """Lose the answer that is to be lost: PostgreSQL has committed when it gives it."""
        return connection is not self._loses


@asynccontextmanager
async def postgres_proxy(database_url: str) -> AsyncIterator[PostgresProxy]:
    """Serve a proxy on a socket in a temporary folder, whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="qqa-test-") as folder:
        proxy = PostgresProxy(database_url, Path(folder))
        await proxy.start()
        try:
            yield proxy
        finally:
            await proxy.close()
