"""The double of Redis without time and faults: each call is answered at once.

For comparing it with the real one, call by call. Bounded by what it holds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.simulation.index.client import FakeRedis
from tests.simulation.index.keyspace import MICROSECONDS, Keyspace

if TYPE_CHECKING:
    from collections.abc import Callable


class InstantServer:
    """Answers at once, by the machine's clock."""

    def __init__(self) -> None:
        self.space = Keyspace()

    @property
    def now_us(self) -> int:
        """The present moment."""
        return int(time.time() * MICROSECONDS)

    async def call(self, _: object, work: Callable[[], Any], *, writes: bool) -> Any:  # noqa: ANN401 - as the server
        """Answer."""
        return work()


class InstantRedis(FakeRedis):
    """A client of such a server."""

    def __init__(self) -> None:
        super().__init__(InstantServer(), None)  # type: ignore[arg-type] # it answers as the other one does
