"""Room: how many entries of late entrants a process notes before it leaves them to passes.

Users and entries, of which a user has one in each alert, are bounded apart: a pass costs the same whoever entered, but
an entry in each of 100 alerts saves 100 passes. Bounded by these constants.
"""

from __future__ import annotations

from typing import Final

PER_S: Final = 5_000
"""Entries in the long run: with 100 alerts one costs 0.2 ms of CPU of the process that works through them."""

USERS_MAX: Final = 50_000
"""Users at once: one by one more of them cost more than a pass."""

ENTRIES_A_REQUEST: Final = 50_000
"""As many as the record takes within `sql.entrants.NOTE_TIMEOUT_S`; the caller leaves more of them to passes."""

ENTRIES_MAX: Final = 200_000
"""Entries at once: they are worked through in about a minute, as long as a pass that is wanted now may wait."""


class Room:
    """What may be noted at a moment, by the event loop's clock."""

    def __init__(self) -> None:
        self._users = float(USERS_MAX)
        self._entries = float(ENTRIES_MAX)
        self._seen_s = 0.0

    def take(self, users: int, entries: int, now_s: float) -> bool:
        """Take room for the entries of so many users, or leave it as it is and tell that there is none."""
        gained = (now_s - self._seen_s) * PER_S
        self._users = min(USERS_MAX, self._users + gained)
        self._entries = min(ENTRIES_MAX, self._entries + gained)
        self._seen_s = now_s
        if users > self._users or entries > self._entries:
            return False
        self._users -= users
        self._entries -= entries
        return True
