"""Counts what Redis holds and nobody of us wrote so: it is skipped, and an operator must know.

One count for each client and kind. Bounded by the kinds, which are names of our own, never what was found.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

    from geo.connection import Client

_log = structlog.get_logger("geo.index.checks.unreadable")


class UnreadableKind(enum.Enum):
    """What could not be read."""

    MEMBER = "members of the index that are no users"
    CROWD = "shards with far more people than the others"
    SCORE = "positions that are none"
    MOVED = "users who changed lanes that are none"
    DEVICE = "device records without a token"
    PREFERENCE = "preferences of users"
    MARK = "marks of shards"
    STREAM = "entries of the stream of forgotten users"
    TYPE = "keys of another type, which were removed"
    LIMIT = "limits of requests"
    QUOTA = "quotas of lanes"
    POSITION = "the remembered position of the record"


class Unreadable:
    """The counts of one client; `publish` is called with the kind each time something is found."""

    def __init__(self) -> None:
        self.counts: dict[UnreadableKind, int] = {}
        self.publish: Callable[[UnreadableKind], None] = lambda _: None

    def report(self, kind: UnreadableKind, number: int = 1) -> None:
        """Count what was skipped; the log has the first of each kind."""
        if number <= 0:
            return
        if kind not in self.counts:
            _log.error("data.unreadable", store="redis", kind=kind.name, detail=kind.value)
        self.counts[kind] = self.counts.get(kind, 0) + number
        self.publish(kind)


_known: WeakKeyDictionary[Client, Unreadable] = WeakKeyDictionary()


def unreadable_of(client: Client) -> Unreadable:
    """Return the counts of a client."""
    return _known.setdefault(client, Unreadable())
