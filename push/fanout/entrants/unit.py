"""The held unit of an alert's late entrants in one lane: it stays held as long as there are some.

Bounded by the batches that the lane's queue has room for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from push.fanout.claims.unit import HeldUnit
from runtime.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from push.fanout.claims.unit import Batch
    from push.message.sound import Morning
    from sql.entrants import Entrant
    from sql.work import UnitRow


RENEW_S: Final = 60.0
GATHER_S: Final = 1.0
"""For so long those who enter wait for the batch before theirs: where many do, they share requests instead of having
one each, and a provider that does not answer holds nobody up for longer."""


class EntrantsUnit(HeldUnit):
    """A unit that gets batches as users enter; `changed` is called when one of its batches is settled.

    `idle_s`: since when there has been nothing to do.
    """

    def __init__(
        self,
        row: UnitRow,
        seen_s: float,
        seen_wall_s: float,
        lease_s: float,
        *,
        silent: bool,
        morning: Morning | None = None,
        changed: Callable[[], None],
        clock: Callable[[], datetime] = now,
    ) -> None:
        super().__init__(row, seen_s, seen_wall_s, lease_s, silent=silent, morning=morning, clock=clock)
        self.idle_s = self._renewed_s = seen_s
        self._begun_s = float("-inf")
        self._changed = changed
        self._entries: dict[int, Entrant] = {}

    def renew(self, row: UnitRow, asked_s: float, *, silent: bool, morning: Morning | None = None) -> None:
        """Take over the ring and the expiry that the record has now."""
        super().renew(row, asked_s, silent=silent, morning=morning)
        self._renewed_s = asked_s

    def is_old(self, now_s: float) -> bool:
        """Tell whether its expiry is to be read again: an alert's life may be extended while it is held."""
        return now_s - self._renewed_s > RENEW_S or self.expires_s - now_s < RENEW_S

    @property
    def complete(self) -> bool:
        """It is given back by who makes its batches."""
        return False

    @property
    def entries(self) -> list[int]:
        """The entries that are being worked on, or not removed yet."""
        return [entrant.entry for entrant in self._entries.values()]

    def has(self, user: int) -> bool:
        """Tell whether an entry of a user is being worked on."""
        return user in self._entries

    def gathers(self, now_s: float) -> bool:
        """Tell whether who enters now is to wait for who enters next."""
        return bool(self.batches) and now_s - self._begun_s < GATHER_S

    def begin(self, batch: Batch, entrants: Iterable[Entrant], now_s: float) -> None:
        """Add a batch of these entrants that is about to be queued."""
        self._begun_s = now_s
        self._entries |= {entrant.user: entrant for entrant in entrants}
        self.add(batch)

    def remove(self, batch: Batch) -> None:
        """Remove a batch of which nothing is left."""
        super().remove(batch)
        self._changed()

    def replace(self, old: Iterable[Batch | None], new: Batch) -> None:
        """Put a batch in the place of others."""
        super().replace(old, new)
        self._changed()

    def settled(self) -> list[Entrant]:
        """Return the entrants for whom nothing is left to be done: in no batch any more, of a unit that goes on."""
        if self.over or not self._entries:
            return []
        users = [batch.users for batch in self.batches]
        outstanding = set(np.concatenate(users).tolist()) if users else set()
        return [entrant for user, entrant in self._entries.items() if user not in outstanding]

    def forget(self, entrants: Iterable[Entrant]) -> None:
        """Forget entrants that are removed from the record."""
        for entrant in entrants:
            self._entries.pop(entrant.user, None)
