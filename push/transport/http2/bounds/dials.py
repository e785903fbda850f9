"""Says when a lane may connect to its provider, so that one that ends connections costs few handshakes.

Bounded: as many connections at once as a lane has, `DIALS_A_SECOND` beyond them; none for `REST_S` after a flood.
"""

from __future__ import annotations

from typing import Final

DIALS_A_SECOND: Final = 4.0
"""A handshake takes milliseconds of the event loop: these leave it to the other lanes."""

REST_S: Final = 1.0
"""A provider that floods is connected to no sooner; its lane's breaker waits for longer, once it has opened."""


class Dials:
    """When one lane may connect."""

    def __init__(self, connections_max: int, now_s: float) -> None:
        self._most = self._left = float(connections_max)
        self._added_s = now_s
        self._from_s = float("-inf")

    def take(self, now_s: float) -> bool:
        """Take one connection, or tell that it is too early."""
        self._left = min(self._most, self._left + (now_s - self._added_s) * DIALS_A_SECOND)
        self._added_s = now_s
        if now_s < self._from_s or self._left < 1:
            return False
        self._left -= 1
        return True

    def rest(self, now_s: float) -> None:
        """Connect to nobody for a while."""
        self._from_s = now_s + REST_S
