"""Tells whom the ledger has already, of those who enter the areas of several alerts.

A row of the ledger never changes, so its recipients are read once, and afterwards its key alone. Bounded:
`RECIPIENTS_MAX` recipients in `ROWS_MAX` rows are kept, the least recently used go first, and `ROWS_A_READ` rows are
read at once; a row that is gone from the ledger counts no more.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import numpy as np

import sql.entrants
from geo.index.shards import shards_of
from push.fanout.packing import unpack_readable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta
    from uuid import UUID

    from numpy.typing import NDArray

    from sql.database import Pool
    from sql.entrants import RowKey

RECIPIENTS_MAX: Final = 8_000_000
ROWS_MAX: Final = 100_000
"""64 MB of recipients, and as much again of small rows."""

ROWS_A_READ: Final = 1000
"""A million recipients, however many rows there are: the first entrants after a start need those of all live alerts."""


class Notified:
    """The rows of the ledger that entrants of one lane are held against."""

    def __init__(self, lane: str, pool: Pool, invalid_for: timedelta, unreadable: Callable[[UUID], None]) -> None:
        self._lane = lane
        self._pool = pool
        self._invalid_for = invalid_for
        self._unreadable = unreadable
        self._rows: OrderedDict[RowKey, NDArray[np.int64]] = OrderedDict()
        self._recipients = 0

    async def among(self, users: Mapping[UUID, NDArray[np.int64]]) -> dict[UUID, NDArray[np.bool_]]:
        """Tell which of these users of each alert are settled: this lane need not notify them."""
        pairs = [(alert, shard) for alert, some in users.items() for shard in set(shards_of(some).tolist())]
        alerts, shards = [alert for alert, _ in pairs], [shard for _, shard in pairs]
        keys = await sql.entrants.settled(self._pool, self._lane, alerts, shards, self._invalid_for)
        found = {alert: np.zeros(some.size, dtype=np.bool_) for alert, some in users.items()}
        for start in range(0, len(keys), ROWS_A_READ):
            for key in await self._read(keys[start : start + ROWS_A_READ]):
                found[key.alert_id] |= stand_in(users[key.alert_id], self._rows[key])
            self._make_room()
        return found

    async def _read(self, keys: Sequence[RowKey]) -> list[RowKey]:
        """Have the recipients of these rows; returns the rows that there are."""
        missing = [key for key in keys if key not in self._rows]
        if missing:
            for key, packed in await sql.entrants.recipients(self._pool, missing):
                self._keep(key, packed)
        there = [key for key in keys if key in self._rows]
        for key in there:
            self._rows.move_to_end(key)
        return there

    def _keep(self, key: RowKey, packed: bytes) -> None:
        # Who stands in a row that cannot be read is notified again: twice is better than never.
        users = unpack_readable([packed], lambda: self._unreadable(key.alert_id))
        self._rows[key] = users[0] if users else np.empty(0, dtype=np.int64)
        self._recipients += self._rows[key].size

    def _make_room(self) -> None:
        while self._recipients > RECIPIENTS_MAX or len(self._rows) > ROWS_MAX:
            _, users = self._rows.popitem(last=False)
            self._recipients -= users.size


def stand_in(users: NDArray[np.int64], row: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which users stand in a row, which is sorted."""
    if not row.size:
        return np.zeros(users.size, dtype=np.bool_)
    found: NDArray[np.bool_] = row[np.minimum(np.searchsorted(row, users), row.size - 1)] == users
    return found
