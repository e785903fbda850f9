"""Preferences of a batch: leaves out who wants no such message, and says who gets it without a sound.

Read right before the batch is sent, so that what was set a moment ago counts. Who is left out is not settled: who turns
alerts on again while the alert lives is notified by a later pass. Bounded by the batch: one round trip where nobody of
its shards has preferences, two at most.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geo.index.checks.unreadable import UnreadableKind
from push.message.preferences import Preferences, read_preferences
from push.notice import Notice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.index.position_index import PositionIndex


class Preferring(NamedTuple):
    """By place in the batch: who takes the message, None: everybody; and who is to hear nothing.

    `soundless`: who never wants a sound; others of the silent are in their quiet hours.
    """

    takers: NDArray[np.bool_] | None
    silent: NDArray[np.bool_] | None
    soundless: NDArray[np.bool_] | None = None

    def reminded(self, size: int, *, all_silent: bool) -> NDArray[np.bool_] | None:
        """Return who of a batch gets no sound now and wants one at other times; None: nobody.

        `all_silent`: the message makes no sound for anybody.
        """
        silent = np.ones(size, dtype=np.bool_) if all_silent else self.silent
        if silent is None:
            return None
        return silent if self.soundless is None else silent & ~self.soundless


EVERYBODY = Preferring(None, None)


async def preferring_of(index: PositionIndex, users: NDArray[np.int64], *, subject: str, notice: str) -> Preferring:
    """Return what users prefer of a notice about a subject; one of `UNAVAILABLE_ERRORS` while Redis is away."""
    found = await index.preferences.of(users)
    if not found:
        return EVERYBODY
    takers, silent = np.ones(users.size, dtype=np.bool_), np.zeros(users.size, dtype=np.bool_)
    soundless = np.zeros(users.size, dtype=np.bool_)
    unreadable, is_reminder = 0, notice == Notice.REMINDER
    # By the record's clock: quiet hours are the same ones in every process.
    moment = datetime.fromtimestamp(index.clock_ms() / 1000, UTC)
    for row, text in found.items():
        preferences = read_preferences(text)
        if preferences is None:
            unreadable += 1
            preferences = Preferences(silent=True)
        silent[row] = preferences.silent_at(moment)
        takers[row] = preferences.takes(subject, Notice.ALERT if is_reminder else notice)
        # Without a sound it reminds nobody. Who is in quiet hours is looked for again a little later.
        takers[row] &= not (is_reminder and silent[row])
        soundless[row] = preferences.silent
    index.unreadable.report(UnreadableKind.PREFERENCE, unreadable)
    return Preferring(
        None if takers.all() else takers, silent if silent.any() else None, soundless if soundless.any() else None
    )
