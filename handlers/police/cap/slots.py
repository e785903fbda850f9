"""Slots in which documents are read beside the event loop: what is verified never waits for what is not.

Bounded: one document at a time in a slot, with a thread of its own; `WAITING_MAX` that wait for it.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

WAITING_MAX: Final = 100
"""Documents that wait in a slot: all of them are a few megabytes, and each is read in some hundredths of a second."""

T = TypeVar("T")


class Slot:
    """Takes one document at a time."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, f"cap-{name}")
        self._free = asyncio.Semaphore(1)
        self._waiting = 0

    @property
    def is_crowded(self) -> bool:
        """Whether no further document may wait."""
        return self._waiting >= WAITING_MAX

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Wait for the slot, and have it for a block."""
        self._waiting += 1
        try:
            async with self._free:
                yield
        finally:
            self._waiting -= 1

    async def run(self, work: Callable[[], T]) -> T:
        """Do something beside the event loop, by who has the slot."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


class Slots:
    """The slots of a server: which one a document takes depends on what is known of it so far."""

    def __init__(self) -> None:
        self.signatures = Slot("signatures")
        """Signatures are verified here, in milliseconds, whatever they are worth."""

        self.doubtful_signatures = Slot("doubtful")
        """The same for addresses that have failed too often."""

        self.verified = Slot("verified")
        self.unverified = Slot("unverified")

    def of_signature(self, *, is_doubtful: bool) -> Slot:
        """Return where a document's signature is verified."""
        return self.doubtful_signatures if is_doubtful else self.signatures
