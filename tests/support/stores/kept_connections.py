"""Query PostgreSQL on a connection that is kept: a new one costs more than most of the queries that tests poll with.

Bounded: `KEPT_MAX` connections.
"""

from __future__ import annotations

from typing import Any, Final

import asyncpg

KEPT_MAX: Final = 2
"""A test seldom asks for more than two things at once."""


class KeptConnections:
    """Connections that are opened when they are needed, and anew after one was lost or the database is another."""

    def __init__(self) -> None:
        self._kept: list[tuple[str, asyncpg.Connection[asyncpg.Record]]] = []

    async def query(self, url: str, text: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        connection = self._take(url) or await asyncpg.connect(url)
        try:
            rows = [tuple(row) for row in await connection.fetch(text, *arguments)]
        except BaseException:
            connection.terminate()
            raise
        if len(self._kept) < KEPT_MAX:
            self._kept.append((url, connection))
        else:
            await connection.close()
        return rows

    def close(self) -> None:
        """Close the connections at once."""
        while self._kept:
            self._kept.pop()[1].terminate()

    def _take(self, url: str) -> asyncpg.Connection[asyncpg.Record] | None:
        while self._kept:
            of, connection = self._kept.pop()
            if of == url and not connection.is_closed():
                return connection
            connection.terminate()
        return None
