"""Gives bodies of strangers their places while they are read; where there is none, the slowest sender loses its own.

Small bodies have places of their own, so that nothing that is sent slowly keeps out what somebody saw. A newcomer takes
the place of a sender that is behind the pace: in the block that has the most places, the one furthest behind. Where
nobody is, it takes one of a block that has at least two more than its own. Else all places do what they are for.

Bounded: `SMALL_OPEN` bodies of up to `SMALL_BYTES`, `LARGE_OPEN` of others; of a block `SMALL_OF_BLOCK` and
`LARGE_OF_BLOCK`; as many again that have lost their place and store what came. A body may keep us waiting for
`[limits] body_s`, and a second more for each `BYTES_PER_S`.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from handlers.http.requests import BYTES_PER_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

_T = TypeVar("_T")

SMALL_BYTES: Final = 16 * 1024
"""The longest words, with all other fields, are 12 KB in any writing."""

SMALL_OPEN: Final = 2_048
"""Each is in memory twice at most: 64 MB."""

SMALL_OF_BLOCK: Final = 64
LARGE_OPEN: Final = 128
"""Times a piece of a photo: 64 MB."""

LARGE_OF_BLOCK: Final = 16
"""A block may be a whole town behind one address."""

PATIENCE_S: Final = 2.0
"""So far behind the pace a sender may be, as any phone is for a moment, before another one takes its place."""


class Body:
    """A body that is being read; only the time in which its sender keeps us waiting counts against it."""

    def __init__(self, block: str, deadline: asyncio.Timeout, within_s: float) -> None:
        self.block = block
        self._within_s = within_s
        self._deadline = deadline
        self._came_bytes = 0
        self._waited_s = 0.0
        self._asked_s: float | None = None
        self._is_ended = False
        self._loop = asyncio.get_running_loop()

    @property
    def is_awaited(self) -> bool:
        """Tell whether its sender keeps us waiting."""
        return self._asked_s is not None

    @property
    def behind_s(self) -> float:
        """How far its sender is behind the pace."""
        asked_s = self._asked_s
        waited_s = self._waited_s + (0.0 if asked_s is None else self._loop.time() - asked_s)
        return waited_s - self._came_bytes / BYTES_PER_S

    async def wait_for(self, part: Awaitable[_T]) -> _T:
        """Wait for the sender of the body, but not longer than it may keep us waiting."""
        began_s = self._loop.time()
        self._due(began_s if self._is_ended else began_s + self._within_s - self.behind_s)
        self._asked_s = began_s
        try:
            return await part
        finally:
            self._waited_s += self._loop.time() - began_s
            self._asked_s = None
            self._due(None)

    def came(self, count: int) -> None:
        """Note that so many bytes of it came."""
        self._came_bytes += count

    def end(self) -> None:
        """Wait no longer: whoever reads it gets a TimeoutError."""
        self._is_ended = True
        self._due(self._loop.time())

    def _due(self, at_s: float | None) -> None:
        if not self._deadline.expired():
            self._deadline.reschedule(at_s)


class Places:
    """The places of one kind of bodies."""

    def __init__(self, total: int, of_block: int, within_s: float) -> None:
        self._within_s = within_s
        self._total = total
        self._of_block = of_block
        self._blocks: dict[str, set[Body]] = {}
        self._open = 0
        self._ending = 0

    @asynccontextmanager
    async def body(self, block: str) -> AsyncIterator[Body | None]:
        """Hold a place for a body of a block; None: there is none. TimeoutError where its sender was too slow."""
        if not self._make_room(block):
            yield None
            return
        deadline = asyncio.timeout(None)
        body = Body(block, deadline, self._within_s)
        self._blocks.setdefault(block, set()).add(body)
        self._open += 1
        try:
            async with deadline:
                yield body
        finally:
            if not self._leave(body):
                self._ending -= 1

    def _make_room(self, block: str) -> bool:
        """Tell whether there is a place for a block, that of the slowest if need be."""
        own = self._blocks.get(block, set())
        if len(own) >= self._of_block:
            slowest = _slowest(own, PATIENCE_S)
        elif self._open >= self._total:
            slowest = self._slowest(len(own))
        else:
            return True
        if slowest is None or self._ending >= self._total:
            return False
        self._leave(slowest)
        self._ending += 1
        slowest.end()
        return True

    def _slowest(self, own: int) -> Body | None:
        """Return who is to lose its place to a block that has `own` places; None where nobody is."""
        behind = [one for bodies in self._blocks.values() if (one := _slowest(bodies, PATIENCE_S)) is not None]
        if behind:
            return max(behind, key=lambda one: (len(self._blocks[one.block]), one.behind_s))
        most = max(self._blocks.values(), key=len)
        return _slowest(most, float("-inf")) if len(most) > own + 1 else None

    def _leave(self, body: Body) -> bool:
        """Give a place back; False: it was given away before."""
        bodies = self._blocks.get(body.block, set())
        if body not in bodies:
            return False
        bodies.remove(body)
        self._open -= 1
        if not bodies:
            del self._blocks[body.block]
        return True


def _slowest(bodies: set[Body], behind_s: float) -> Body | None:
    """Return whose sender is furthest behind, at least so far; None where none is that we wait for."""
    awaited = [one for one in bodies if one.is_awaited and one.behind_s >= behind_s]
    return max(awaited, key=lambda one: one.behind_s, default=None)


class BodyPlaces:
    """The places of all bodies, by their length."""

    def __init__(self, within_s: float) -> None:
        self._small = Places(SMALL_OPEN, SMALL_OF_BLOCK, within_s)
        self._large = Places(LARGE_OPEN, LARGE_OF_BLOCK, within_s)

    def of(self, length: int) -> Places:
        """Return the places for bodies of a length."""
        return self._small if length <= SMALL_BYTES else self._large
