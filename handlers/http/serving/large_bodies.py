"""Gives large bodies their places, so that strangers who send such without a signature fill no memory.

A place is taken before a byte of the body is read, and given back with the answer. Bounded: `AT_ONCE` in all, one of a
peer; who finds none is told to come again.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE_BYTES: Final = 1_000_000
"""Beyond that a body is large: all connections together may hold so much of each. Routes for who has no token that take
more say `at_once`: who has a token is known before the body is read, and platforms send many at once."""

AT_ONCE: Final = 3
"""Each is four times in memory until it is answered."""

BYTES_PER_S: Final = 256 * 1024
"""For so much of it its sender has a second more: who sends such has a good line, and others wait for the place."""


class LargeBodies:
    """The places of one route."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._peers: set[str] = set()

    @contextmanager
    def place(self, peer: str) -> Iterator[bool]:
        """Tell whether there is a place for a peer, which is taken until the block ends."""
        has_place = peer not in self._peers and len(self._peers) < self._at_once
        if has_place:
            self._peers.add(peer)
        try:
            yield has_place
        finally:
            if has_place:
                self._peers.discard(peer)
