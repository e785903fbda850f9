"""Has what came on a connection read slice by slice, so that the event loop has its turn between them.

Nothing more is taken from the network before all is read. Bounded by the caller's slice.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Slices:
    """Calls `read` with what came until it returns False, then `caught_up`; both may end the connection."""

    def __init__(self, read: Callable[[bytes], bool], caught_up: Callable[[], None]) -> None:
        self._read = read
        self._caught_up = caught_up
        self._next: asyncio.Handle | None = None

    @property
    def behind(self) -> bool:
        """Tell whether something that came is not read yet."""
        return self._next is not None

    def take(self, data: bytes, transport: asyncio.Transport | None) -> None:
        """Read a slice now, and the rest of it later."""
        if self._read(data) and self._next is None:
            self._later(transport)
            if transport is not None and not transport.is_closing():
                # Without flow control what comes meanwhile is kept with the rest.
                with contextlib.suppress(NotImplementedError):
                    transport.pause_reading()

    def _later(self, transport: asyncio.Transport | None) -> None:
        self._next = asyncio.get_running_loop().call_soon(self._go_on, transport)

    def _go_on(self, transport: asyncio.Transport | None) -> None:
        self._next = None
        if self._read(b""):
            self._later(transport)
            return
        if transport is not None and not transport.is_closing():
            with contextlib.suppress(NotImplementedError):
                transport.resume_reading()
        self._caught_up()
