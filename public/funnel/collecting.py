"""Takes the counts that came as objects into the record, each object once, and deletes them.

Any process of the server may do so, several at once too. What is no object of ours is deleted, and counted. Bounded: a
look every `LOOK_S`, `OBJECTS_MAX` objects of `OBJECT_BYTES` and `ROWS_MAX` counts a statement.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

import sql.page_counts
from public.funnel.counters import CELLS_MAX, COUNT_MAX, FOLDER, CountsObject, moment_of
from public.funnel.words import SENT
from public.objects import Trouble
from runtime.page_codes import PATTERN
from runtime.retry import retry_until_available
from sql.database import UNAVAILABLE_ERRORS
from sql.page_counts import OBJECTS_MAX, ROWS_MAX, CountRow

if TYPE_CHECKING:
    from uuid import UUID

    from public.objects import Objects
    from sql.database import Pool
    from sql.page_counts import Added

LOOK_S: Final = 1.0
"""Beside the second after which counts are stored: a console shows an open two seconds later."""

OBJECT_BYTES: Final = CELLS_MAX * 64
"""A counter takes fifty bytes."""

FORGET_EVERY: Final = 600
"""Looks between two times that deleted objects are forgotten: ten minutes."""

_NAME: Final = re.compile(r"\d{13}-([0-9a-f]{32})")
_CODE: Final = re.compile(PATTERN)
_log = structlog.get_logger("public.funnel")


class CountCollector:
    """Takes counts in; `taken`: for how many page views they stood, by channel and kind; `refused`: foreign objects."""

    def __init__(self, pool: Pool, objects: Objects) -> None:
        self._pool = pool
        self._objects = objects
        self._looks = 0
        self.taken: Counter[tuple[str, str]] = Counter()
        self.refused = 0

    async def run(self) -> None:
        """Take counts in until cancelled; whatever store is away is asked again."""
        while True:
            if not await retry_until_available(self.look, UNAVAILABLE_ERRORS, "postgresql"):
                await asyncio.sleep(LOOK_S)

    async def look(self) -> bool:
        """Take in what waits, at most `OBJECTS_MAX` objects; tells whether there may be more."""
        listed = await self._objects.list(FOLDER, OBJECTS_MAX)
        paths = [] if isinstance(listed, Trouble) else sorted(one.path for one in listed)
        done = await self._take(paths)
        trouble = await self._objects.delete(done) if done else None
        # Only now: what is still there was seen.
        if self._looks % FORGET_EVERY == 0:
            await sql.page_counts.forget_objects(self._pool)
        self._looks += 1
        return trouble is None and bool(done) and (len(paths) == OBJECTS_MAX or len(done) < len(paths))

    async def _take(self, paths: list[str]) -> list[str]:
        """Take objects in, as many as one statement holds; returns those that can be deleted."""
        rows: list[CountRow] = []
        ids: list[UUID] = []
        done: list[str] = []
        for path in paths:
            content = await self._objects.get(path, OBJECT_BYTES)
            if content in {Trouble.MISSING, Trouble.UNAVAILABLE}:
                # Another process was faster; or it is tried again.
                continue
            found = None if isinstance(content, Trouble) else rows_of(path, content)
            if found is None:
                self.refused += 1
                _log.warning("funnel.foreign_object")
                done.append(path)
                continue
            if len(rows) + len(found) > ROWS_MAX:
                break
            rows += found
            ids += [uuid.UUID(hex=path[-32:])]
            done.append(path)
        self._count(await sql.page_counts.take(self._pool, ids, rows) if ids else [])
        return done

    def _count(self, added: list[Added]) -> None:
        for one in added:
            self.taken[one.channel, one.kind] += one.people


def rows_of(path: str, content: bytes) -> list[CountRow] | None:
    """Return the counts in an object, None for what none of our processes wrote."""
    name = _NAME.fullmatch(path.rpartition("/")[2])
    if name is None:
        return None
    try:
        counts = msgspec.json.decode(content, type=CountsObject).counts
        rows = [
            CountRow(uuid.UUID(hex=name[1]), one.code, moment_of(one.minute), one.channel, one.kind, one.count)
            for one in counts
        ]
    except ValueError:
        return None
    are_ours = len(rows) <= ROWS_MAX and all(
        0 < one.count <= COUNT_MAX and _CODE.fullmatch(one.code) is not None and one.kind in SENT for one in rows
    )
    return rows if are_ours else None
