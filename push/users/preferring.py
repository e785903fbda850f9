"""Preferences of a batch: leaves out who wants no such message, and says who gets it without a sound.

Read right before the batch is sent, so that what was set a moment ago counts. Who is left out is not settled: who turns
alerts on again while the alert lives is notified by a later pass. Bounded by the batch: one round trip where nobody of
its shards has preferences, two at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geo.index.checks.unreadable import UnreadableKind
from push.message.preferences import Preferences, read_preferences
from runtime.clock import now

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.index.position_index import PositionIndex


class Preferring(NamedTuple):
    """By place in the batch: who takes the message, None: everybody; and who is to hear nothing."""

    takers: NDArray[np.bool_] | None
    silent: NDArray[np.bool_] | None


EVERYBODY = Preferring(None, None)


async def preferring_of(index: PositionIndex, users: NDArray[np.int64], *, subject: str, notice: str) -> Preferring:
    """Return what users prefer of a notice about a subject; one of `UNAVAILABLE_ERRORS` while Redis is away."""
    found = await index.preferences.of(users)
    if not found:
        return EVERYBODY
    takers, silent = np.ones(users.size, dtype=np.bool_), np.zeros(users.size, dtype=np.bool_)
    moment, unreadable = now(), 0
    for row, text in found.items():
        preferences = read_preferences(text)
        if preferences is None:
            unreadable += 1
            preferences = Preferences(silent=True)
        takers[row] = preferences.takes(subject, notice)
        silent[row] = preferences.silent_at(moment)
    index.unreadable.report(UnreadableKind.PREFERENCE, unreadable)
    return Preferring(None if takers.all() else takers, silent if silent.any() else None)
