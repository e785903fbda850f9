"""Tells whom the ledger has already, of those who enter the areas of several alerts.

A row of the ledger never changes, so its recipients are read once, and afterwards its key alone. Bounded:
`RECIPIENTS_MAX` recipients in `ROWS_MAX` rows are kept, the least recently used go first; a row that is gone from the
ledger counts no more.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import numpy as np

import sql.entrants
from push.fanout.packing import unpack_readable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta
    from uuid import UUID

    from numpy.typing import NDArray

    from sql.database import Pool
    from sql.entrants import RowKey

RECIPIENTS_MAX: Final = 8_000_000
ROWS_MAX: Final = 100_000
"""64 MB of recipients, and as much again of small rows."""


class Notified:
    """The rows of the ledger that entrants of one lane are held against."""

    def __init__(self, lane: str, pool: Pool, invalid_for: timedelta, unreadable: Callable[[UUID], None]) -> None:
        self._lane = lane
        self._pool = pool
        self._invalid_for = invalid_for
        self._unreadable = unreadable
        self._rows: OrderedDict[RowKey, NDArray[np.int64]] = OrderedDict()
        self._recipients = 0

    async def read(self, alerts: Sequence[UUID], shards: Sequence[int]) -> dict[UUID, list[NDArray[np.int64]]]:
        """Return the settled recipients of these shards of alerts, by rows that are sorted; others are among them."""
        keys = await sql.entrants.settled(self._pool, self._lane, alerts, shards, self._invalid_for)
        missing = [key for key in keys if key not in self._rows]
        if missing:
            for key, packed in await sql.entrants.recipients(self._pool, missing):
                self._keep(key, packed)
        found: dict[UUID, list[NDArray[np.int64]]] = {}
        for key in keys:
            users = self._rows.get(key)
            if users is not None:
                self._rows.move_to_end(key)
                found.setdefault(key.alert_id, []).append(users)
        self._make_room()
        return found

    def _keep(self, key: RowKey, packed: bytes) -> None:
        # Who stands in a row that cannot be read is notified again: twice is better than never.
        users = unpack_readable([packed], lambda: self._unreadable(key.alert_id))
        self._rows[key] = users[0] if users else np.empty(0, dtype=np.int64)
        self._recipients += self._rows[key].size

    def _make_room(self) -> None:
        while self._recipients > RECIPIENTS_MAX or len(self._rows) > ROWS_MAX:
            _, users = self._rows.popitem(last=False)
            self._recipients -= users.size


def among(users: NDArray[np.int64], rows: Sequence[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """Tell which users stand in one of these rows, each of which is sorted."""
    found = np.zeros(users.size, dtype=np.bool_)
    for row in rows:
        if row.size:
            found |= row[np.minimum(np.searchsorted(row, users), row.size - 1)] == users
    return found
