"""What of one lane can be claimed, and what is claimed and waits for a sweep.

Bounded: `AHEAD_MAX` units wait, and more than one only where they are small.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from push.fanout.open_sweeps import OpenSweeps

if TYPE_CHECKING:
    from push.fanout.unit import HeldUnit

AHEAD_MAX: Final = 8
AHEAD_RECIPIENTS: Final = 10_000
"""Units are claimed together while they are so small that a new alert does not wait for them."""


class LaneClaims:
    """What of one lane can be claimed, and what is claimed and waits for a sweep."""

    def __init__(self) -> None:
        self.open = OpenSweeps()
        self.ahead: deque[HeldUnit] = deque()
        self.claiming = asyncio.Lock()
        self._found = float(AHEAD_RECIPIENTS)

    @property
    def units_max(self) -> int:
        """How many units to claim together."""
        return max(1, min(AHEAD_MAX, int(AHEAD_RECIPIENTS / max(self._found, 1.0))))

    def note_found(self, found: int) -> None:
        """Note how many recipients a unit had."""
        self._found += (found - self._found) / AHEAD_MAX
