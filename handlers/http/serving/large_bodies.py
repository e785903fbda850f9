"""Gives large bodies their places, so that strangers who send such without a signature fill no memory.

A place is taken before a byte of the body is read, and given back with the answer. Where there is none, whoever is
furthest behind the pace loses its own to who comes: three who send nothing keep nobody out. Bounded: `AT_ONCE` in all,
one of a peer; who finds none is told to come again.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import StreamReader

LARGE_BYTES: Final = 1_000_000
"""Beyond that a body is large: all connections together may hold so much of each. Routes for who has no token that take
more say `at_once`: who has a token is known before the body is read, and platforms send many at once."""

AT_ONCE: Final = 3
"""Each is four times in memory until it is answered."""

BYTES_PER_S: Final = 256 * 1024
"""For so much of it its sender has a second more: who sends such has a good line, and others wait for the place."""

PATIENCE_S: Final = 2.0
"""So far behind that pace nobody loses a place: a line may stall that long."""


class PlaceLostError(Exception):
    """The place was given to another sender, because this one was too slow."""


class _Holder:
    """Who has a place: what came of the body since when, and how its reading is ended."""

    def __init__(self, peer: str | None, body: StreamReader, limit: asyncio.Timeout, *, is_suspect: bool) -> None:
        self.peer = peer
        self._body = body
        self._limit = limit
        self._is_suspect = is_suspect
        self._began_s = asyncio.get_running_loop().time()

    def behind_s(self) -> float:
        """Return how far this is behind the pace, 0 once all of it is there; a suspect is further behind than all."""
        if self._body.is_eof():
            return 0.0
        late_s = asyncio.get_running_loop().time() - self._began_s - self._body.total_bytes / BYTES_PER_S
        return late_s + 3600.0 if self._is_suspect else late_s

    def end(self) -> None:
        """End the reading of its body."""
        self._limit.reschedule(asyncio.get_running_loop().time())


class LargeBodies:
    """The places of one route."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._holders: set[_Holder] = set()

    @asynccontextmanager
    async def place(self, peer: str | None, body: StreamReader, *, is_suspect: bool = False) -> AsyncIterator[bool]:
        """Tell whether there is a place for a peer, which is taken until the block ends.

        `peer` None: nobody knows which one it is, and none is counted by itself. `is_suspect`: one that gets a free
        place alone, and is the first to lose it. PlaceLostError: it was lost to another one.
        """
        if not self._has_room(peer, may_end=not is_suspect):
            yield False
            return
        try:
            async with asyncio.timeout(None) as limit:
                holder = _Holder(peer, body, limit, is_suspect=is_suspect)
                self._holders.add(holder)
                try:
                    yield True
                finally:
                    self._holders.discard(holder)
        except TimeoutError:
            if limit.expired():
                raise PlaceLostError from None
            raise

    def _has_room(self, peer: str | None, *, may_end: bool) -> bool:
        """Tell whether there is a place, once the slowest has lost its own if need be: of a peer its own one."""
        own = {one for one in self._holders if peer is not None and one.peer == peer}
        if not own and len(self._holders) < self._at_once:
            return True
        slowest = max(own or self._holders, key=_Holder.behind_s)
        if not may_end or slowest.behind_s() <= PATIENCE_S:
            return False
        slowest.end()
        self._holders.discard(slowest)
        return True
