"""Keeps published objects in memory for about a second, so that a storm of requests reads each object once a second.

Who asks for an object that is being read waits for that read. Bounded: `ENTRIES_MAX` objects of `BYTES_MAX` together,
`MISSING_MAX` paths that lead to none; `READS_MAX` reads at once of what was there before, and as many of what was not,
for which `WAITING_MAX` more may wait. An object that cannot be read again is served for `STALE_S` at most.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from handlers.public.serving.expiry import as_of_now
from handlers.public.serving.prepared import Prepared, prepared, whole_answers
from public.objects import Trouble
from runtime.tasks import cancel_and_wait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from public.objects import Objects

AGE_S: Final = 1.0
"""An object is read again after so long: a part of what a takedown takes."""

STALE_S: Final = 5.0
"""While a store hangs or is away, for less than a person notices."""

PATIENCE_S: Final = 1.0
"""So long a request waits for a read before it gets what is not yet `STALE_S` old."""

ENTRIES_MAX: Final = 4_096
BYTES_MAX: Final = 256 * 1024 * 1024
OBJECT_BYTES_MAX: Final = 16 * 1024 * 1024
"""A poster with a picture has far less."""

MISSING_MAX: Final = 4_096
READS_MAX: Final = 16
WAITING_MAX: Final = 1_000


class _Kept(NamedTuple):
    """What was read of a path, when, and whole answers with it, compressed and not, where they are ready."""

    object: Prepared
    read_s: float
    ready: tuple[bytes, bytes]


class ObjectCache:
    """The objects that are asked for."""

    def __init__(self, objects: Objects, languages: Sequence[str] = ()) -> None:
        """`languages`: of the site, in which a page whose time is over says so."""
        self._objects = objects
        self._languages = languages
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._missing: OrderedDict[str, float] = OrderedDict()
        self._reading: dict[str, asyncio.Task[Prepared | Trouble]] = {}
        self._again, self._first = asyncio.Semaphore(READS_MAX), asyncio.Semaphore(READS_MAX)
        self._bytes = 0

    def fresh(self, path: str) -> Prepared | None:
        """Return an object that is in memory and new enough."""
        kept = self._kept.get(path)
        if kept is None or _now_s() - kept.read_s > AGE_S:
            return None
        return kept.object

    def ready(self, path: str, *, is_compressed: bool) -> bytes | None:
        """Return a whole answer with an object that is in memory and new enough; None: it is to be read, or large."""
        kept = self._kept.get(path)
        if kept is None or _now_s() - kept.read_s > AGE_S:
            return None
        return kept.ready[is_compressed] or None

    async def get(self, path: str) -> Prepared | Trouble:
        """Return an object; MISSING when there is none, UNAVAILABLE when the store does not say."""
        fresh = self.fresh(path)
        if fresh is not None:
            return fresh
        if _now_s() - self._missing.get(path, float("-inf")) <= AGE_S:
            return Trouble.MISSING
        reading = self._reading.get(path)
        if reading is None:
            if path not in self._kept and len(self._reading) > WAITING_MAX:
                return Trouble.UNAVAILABLE
            reading = asyncio.create_task(self._read(path), name="read an object")
            self._reading[path] = reading
            reading.add_done_callback(lambda _: self._reading.pop(path, None))
        stale = self._stale(path)
        if stale is None:
            return await asyncio.shield(reading)
        await asyncio.wait({reading}, timeout=PATIENCE_S)
        found = reading.result() if reading.done() and not reading.cancelled() else Trouble.UNAVAILABLE
        return found if found is not Trouble.UNAVAILABLE else self._stale(path) or found

    async def close(self) -> None:
        """End all reads."""
        await cancel_and_wait(list(self._reading.values()))

    def _stale(self, path: str) -> Prepared | None:
        kept = self._kept.get(path)
        return None if kept is None or _now_s() - kept.read_s > STALE_S else kept.object

    async def _read(self, path: str) -> Prepared | Trouble:
        before = self._kept.get(path)
        async with self._first if before is None else self._again:
            asked_s = _now_s()
            found = await self._objects.get(path, OBJECT_BYTES_MAX)
        if isinstance(found, bytes):
            return self._keep(path, as_of_now(path, found, self._languages), asked_s)
        if found is Trouble.MISSING:
            self._forget(path)
            self._missing[path] = asked_s
            self._missing.move_to_end(path)
            while len(self._missing) > MISSING_MAX:
                self._missing.popitem(last=False)
        return found

    def _keep(self, path: str, content: bytes, read_s: float) -> Prepared:
        before = self._kept.get(path)
        is_same = before is not None and before.object.content == content
        made = before.object if before is not None and is_same else prepared(path, content)
        self._forget(path)
        self._missing.pop(path, None)
        kept = _Kept(made, read_s, whole_answers(made))
        self._kept[path] = kept
        self._bytes += _size(kept)
        while len(self._kept) > ENTRIES_MAX or (self._bytes > BYTES_MAX and len(self._kept) > 1):
            self._forget(next(iter(self._kept)))
        return made

    def _forget(self, path: str) -> None:
        kept = self._kept.pop(path, None)
        if kept is not None:
            self._bytes -= _size(kept)


def _size(kept: _Kept) -> int:
    return len(kept.object.content) + len(kept.object.compressed) + sum(map(len, kept.ready))


def _now_s() -> float:
    return asyncio.get_running_loop().time()
