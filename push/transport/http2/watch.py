"""Watches one connection: finds calls without a reply in time, and peers that no longer answer.

Calls that are begun together are due together, so that a call costs nothing here. All is judged by the clock of an
earlier look: what has come in since then may still lie unread when the event loop was busy. Bounded by the calls under
way, the bursts since the last look, and `timeout_s` for a peer that is asked whether it lives.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PING_S: Final = 30.0
"""A silent connection is asked so often whether it lives: routers forget idle ones after minutes."""

SMOOTHING: Final = 0.2
NEVER_S: Final = float("-inf")
NO_STREAM: Final = 1 << 31


class Watch:
    """One connection's clock.

    `heard_s`: when anything came in; `begun_s`: when a call was last begun; `answered_s`: when one was last answered;
    `probe`: from which stream on an answer measures the round trip.
    """

    def __init__(self, timeout_s: float, now_s: float) -> None:
        self._timeout_s = timeout_s
        self._bursts: deque[tuple[float, int]] = deque()
        self._asked_s = self._probed_s = now_s
        self.heard_s = self.begun_s = now_s
        self.answered_s = NEVER_S
        self.probe = NO_STREAM
        self.round_trip_s = 0.0

    @property
    def answered(self) -> bool:
        """Tell whether the peer has answered a call, and so shown its limits."""
        return self.answered_s > NEVER_S

    def begin(self, first: int, end: int, now_s: float) -> None:
        """Note that the streams from `first` up to `end` begin now."""
        self.begun_s = now_s
        self._bursts.append((now_s, end))
        if self.probe == NO_STREAM:
            self.probe, self._probed_s = first, now_s

    def measure(self) -> None:
        """Measure the round trip: the probe, or a call behind one that was never answered, has been answered."""
        took_s = self.heard_s - self._probed_s
        self.round_trip_s += (took_s - self.round_trip_s) * (SMOOTHING if self.round_trip_s else 1.0)
        self.probe = NO_STREAM

    def due(self, as_of_s: float, oldest: int) -> Iterator[tuple[float, int]]:
        """Yield when each burst was begun that had taken too long at `as_of_s`, and the stream that it ends before.

        `oldest`: the first stream that is still open.
        """
        while self._bursts:
            begun_s, end = self._bursts[0]
            if end > oldest and begun_s + self._timeout_s >= as_of_s:
                return
            self._bursts.popleft()
            if end > oldest:
                yield begun_s, end

    def dead(self, as_of_s: float) -> bool:
        """Tell whether a peer that was asked has not sent anything for too long."""
        return self._asked_s > self.heard_s and as_of_s - self._asked_s > self._timeout_s

    def asks(self, as_of_s: float, now_s: float) -> bool:
        """Tell whether a peer is to be asked now whether it lives, because it has been silent."""
        if self._asked_s > self.heard_s or as_of_s - self.heard_s <= PING_S:
            return False
        self._asked_s = now_s
        return True
