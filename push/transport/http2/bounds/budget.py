"""Bounds what a provider may send on one connection beside answers, so that no flood of frames holds the event loop.

A frame that completes an answer, and a full frame of its body, cost nothing. Everything else costs `Cost`, out of what
the connection has: `FRAMES_LEAST` at first, `FRAMES_A_CALL` more for each call that we begin, `FRAMES_A_SECOND` with
time, and never more than the calls of all its streams allow. FloodError when it is used up.
"""

from __future__ import annotations

import enum
import time
from typing import TYPE_CHECKING, Final

from push.transport.http2.frames import ENHANCE_YOUR_CALM, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

FRAMES_LEAST: Final = 1000
"""Settings, windows and late answers of a busy provider are tens; a thousand frames take a few milliseconds to read."""

FRAMES_A_CALL: Final = 32
"""Head, body, two windows, a ping and an early hint are six; a refusal's headers to decode are up to twenty more."""

FRAMES_A_SECOND: Final = 10.0
"""A connection that is idle for days is pinged every few seconds."""

INTERIM_MAX: Final = 8
"""Interim answers (1xx) of one call: providers send none or one, Go's client takes five."""

CONTINUATIONS_MAX: Final = 8
"""Frames that continue one header block: two suffice for `HEADER_BYTES`."""

HEADER_BYTES: Final = 16 * 1024
"""Headers of one call, encoded: providers send less than one KiB, other clients take 8 to 16."""

SETTINGS_MAX: Final = 32
"""Values in one frame of settings: six are defined, and some peers add made-up ones so that nobody relies on them."""

GOAWAYS_MAX: Final = 8
"""One is usual, two when a provider ends gracefully; each looks through the open streams."""

DECODED_BYTES: Final = 32
"""So many bytes of headers cost as much as a frame: those of a 200 that begins as usual are not decoded."""

FULL_BYTES: Final = 1024
"""A frame of a body with so much in it moves an answer on: at most 16 of them are one."""


class FloodError(ProtocolError):
    """The peer sends much that answers nothing."""

    def __init__(self, what: str) -> None:
        super().__init__(what, ENHANCE_YOUR_CALM)


class Cost(enum.IntEnum):
    """What a frame costs that completes no answer, by the work that it makes."""

    FRAME = 1
    READ = 1
    """Bytes that complete no frame: a peer that sends one at a time makes us look at each."""

    PING = 2
    EMPTY = 10
    """An empty frame that ends nothing has no use."""

    SETTINGS = 10
    """Settings are confirmed, and may have our header blocks encoded anew."""


class Budget:
    """What one connection has left. `streams_max`: how many calls may be under way on it."""

    def __init__(self, streams_max: int = 1, now_s: Callable[[], float] = time.monotonic) -> None:
        self._most = FRAMES_LEAST + FRAMES_A_CALL * streams_max
        self._left = float(FRAMES_LEAST)
        self._now_s = now_s
        self._added_s = now_s()

    def begin(self, calls: int) -> None:
        """Note calls that begin."""
        self._left = min(self._left + FRAMES_A_CALL * calls, self._most)

    def spend(self, cost: int) -> None:
        """Pay for a frame; FloodError when there is nothing left."""
        self._left -= cost
        if self._left < 0:
            now_s = self._now_s()
            self._left += min((now_s - self._added_s) * FRAMES_A_SECOND, FRAMES_LEAST)
            self._added_s = now_s
            if self._left < 0:
                raise FloodError("more frames that answer nothing than are read")
