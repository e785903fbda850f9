"""The double of the record without time and faults: each call is answered at once, at the moment that is set.

For comparing it with the real one, call by call. Bounded by the tables.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.simulation.record import answers, queries
from tests.simulation.record.tables import Moment, Tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.simulation.record.queries import Row

assert answers.ALL


class InstantPool:
    """A pool, a connection and a transaction in one."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.now = datetime.now(UTC)

    def run(self, text: str, *arguments: object) -> list[Row]:
        """Answer a query."""
        queries.named(text)
        return queries.run(text, self.tables, Moment(self.now, self.now), arguments)

    async def fetch(self, text: str, *arguments: object, timeout: float | None = None) -> list[Row]:  # noqa: ASYNC109 - as asyncpg
        """Return the rows of an answer."""
        return self.run(text, *arguments)

    async def fetchrow(self, text: str, *arguments: object) -> Row | None:
        """Return the first row."""
        rows = self.run(text, *arguments)
        return rows[0] if rows else None

    async def fetchval(self, text: str, *arguments: object) -> Any:  # noqa: ANN401 - as asyncpg
        """Return the first column of the first row."""
        rows = self.run(text, *arguments)
        return rows[0][0] if rows else None

    async def execute(self, text: str, *arguments: object, timeout: float | None = None) -> str:  # noqa: ASYNC109 - as asyncpg
        """Run a statement."""
        self.run(text, *arguments)
        return ""

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[InstantPool]:
        """Provide a connection."""
        yield self

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Undo all that a block did when it raises."""
        self.tables.taken()
        try:
            yield
        except BaseException:
            undo, _ = self.tables.taken()
            for one in reversed(undo):
                one()
            raise
        self.tables.taken()
