"""What the feed said: its last messages by their numbers, from which a listener goes on, and the last of each alert.

A message that not everybody may read has no number of its own: who gets all others would count such messages by the
numbers that are missing. Bounded: `HISTORY` messages, `ALERTS_MAX` alerts.
"""

from __future__ import annotations

import enum
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from handlers.operators.listeners import Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from handlers.operators.scope import Scope
    from push.alerts.disclosure.progress import ShownProgress

HISTORY: Final = 2000
ALERTS_MAX: Final = 2000
"""Twice what is watched at once: beyond that those are forgotten that did not change for the longest time."""


class FeedHistory:
    """Numbers messages, and keeps the last ones."""

    def __init__(self) -> None:
        # A restart must not make an old number look like one of ours.
        self.seq = self._complete_from = time.time_ns() // 1_000_000
        self._messages: deque[Message] = deque(maxlen=HISTORY)

    def add(
        self, kind: str, content: dict[str, Any], within: Callable[[Scope], bool], *, is_numbered: bool = True
    ) -> Message:
        """Add a message; not `is_numbered`: it has the number of the one before."""
        self.seq += is_numbered
        text = msgspec.json.encode({"type": kind, "seq": self.seq, **content}).decode()
        message = Message(self.seq, text, within, is_numbered)
        if len(self._messages) == HISTORY:
            oldest = self._messages[0]
            self._complete_from = oldest.seq if oldest.is_numbered else oldest.seq + 1
        self._messages.append(message)
        return message

    def since(self, seen: int | None, scope: Scope) -> list[str] | None:
        """Return what a listener missed after a number; None where that is not known.

        What has the same number as the last one that it saw may have come after that: it gets it once more.
        """
        if seen is None or not self._complete_from <= seen <= self.seq:
            return None
        missed = (one for one in self._messages if one.seq > seen or (one.seq == seen and not one.is_numbered))
        return [one.text for one in missed if one.within(scope)]


class Moved(enum.Enum):
    """What is another thing of an alert than when the feed said something of it last."""

    NOTHING = enum.auto()
    """What moved is withheld: a message like the one before would say that somebody was notified."""

    NUMBERS = enum.auto()
    DECISION = enum.auto()


class LastShown:
    """What the feed said last of each alert."""

    def __init__(self) -> None:
        self._shown: dict[UUID, tuple[int, ShownProgress]] = {}

    def moved(self, shown: ShownProgress, decisions: int) -> Moved:
        """Note what is said of an alert now, and return what of it is new."""
        before = self._shown.pop(shown.alert, None)
        self._shown[shown.alert] = decisions, shown
        if len(self._shown) > ALERTS_MAX:
            del self._shown[next(iter(self._shown))]
        if before is None or before[0] != decisions:
            return Moved.DECISION
        return Moved.NOTHING if before[1] == shown else Moved.NUMBERS
