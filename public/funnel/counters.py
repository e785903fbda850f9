"""Counts what people do on pages, in memory, and stores the counts as an object every second and at the end.

No address, cookie or identifier is in it. What was counted since the last object is lost when the process is killed: a
second, or as long as the store does not answer. Bounded: `CELLS_MAX` counters; what has no room is dropped and said
(`dropped`).
"""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from public.funnel.words import Channel, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from public.funnel.words import Action
    from public.objects import Objects
    from runtime.page_codes import PageCode

FOLDER: Final = "inbox/counts"
FLUSH_S: Final = 1.0
"""So much is lost at most when the process is killed."""

CELLS_MAX: Final = 20_000
"""Counters of a minute, page, channel and kind: a thousand pages, all that people can do. As many fit an object."""

COUNT_MAX: Final = 2**31 - 1
MINUTE_S: Final = 60


class Cell(NamedTuple):
    """What a counter counts; `minute`: since 1970."""

    code: PageCode
    minute: int
    channel: Channel
    kind: Kind


class Counted(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A counter, as it stands in an object."""

    code: str
    minute: int
    channel: Channel
    kind: Kind
    count: int


class CountsObject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was counted between two objects of one process."""

    counts: list[Counted]


class Counters:
    """What people did since the last object was stored; `dropped`: for which there was no room."""

    def __init__(self) -> None:
        self._cells: dict[Cell, int] = {}
        self._pending: tuple[str, bytes] | None = None
        self.dropped = 0

    def add(self, code: PageCode, action: Action) -> None:
        """Count an action on a page that is published."""
        cell = Cell(code, int(time.time()) // MINUTE_S, action.channel, action.kind)
        if cell not in self._cells and len(self._cells) >= CELLS_MAX:
            self.dropped += 1
            return
        self._cells[cell] = min(COUNT_MAX, self._cells.get(cell, 0) + 1)

    async def flush(self, objects: Objects) -> bool:
        """Store what was counted; False where the store does not take it: it is kept, and stored the next time.

        An object whose put has failed may be stored all the same: it is put again under its name, and counted once.
        """
        while self._pending is not None or self._cells:
            if self._pending is None:
                cells, self._cells = self._cells, {}
                self._pending = path_now(), encoded(cells.items())
            if await objects.put(*self._pending) is not None:
                return False
            self._pending = None
        return True

    async def run(self, objects: Objects) -> None:
        """Store what was counted every second, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_S)
            await self.flush(objects)


def encoded(cells: Iterable[tuple[Cell, int]]) -> bytes:
    """Return counters as an object."""
    counts = [Counted(cell.code, cell.minute, cell.channel, cell.kind, count) for cell, count in cells]
    return msgspec.json.encode(CountsObject(counts))


def moment_of(minute: int) -> datetime:
    """Return when a minute since 1970 begins; ValueError for none that there is."""
    try:
        return datetime.fromtimestamp(minute * MINUTE_S, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(str(minute)) from error


def path_now() -> str:
    """Return the path of a new object: its time sorts, its id is its own."""
    return f"{FOLDER}/{time.time_ns() // 1_000_000:013d}-{uuid.uuid4().hex}"
