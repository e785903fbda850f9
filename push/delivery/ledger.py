"""The ledger's group commit: one durable commit carries the settled batches of many workers.

Bounded: `GROUP_ROWS` rows a commit; a worker waits for its commit before it takes the next batch, so what a crash can
repeat is at most one batch a worker. PostgreSQL away: the commit is tried again until it stands.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import sql.ledger
from push.fanout.packing import pack
from runtime.retry import retry_until_available
from sql.database import UNAVAILABLE_ERRORS
from sql.ledger import LedgerRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from push.fanout.unit import Batch
    from push.results import Outcome
    from sql.database import Pool

    Settled: TypeAlias = Mapping[Outcome, NDArray[np.bool_] | None]
    """Who of a batch, in order, had an outcome; None: all of them."""

GROUP_ROWS = 4096
WAITING_MAX = 1024
"""Commits waiting to be grouped; more than the workers of all lanes together."""


class Ledger:
    """Commits the outcomes of recipients, many workers' batches at a time."""

    def __init__(self, pool: Pool, observe_s: Callable[[float], None]) -> None:
        self._pool = pool
        self._observe_s = observe_s
        self._waiting: asyncio.Queue[tuple[list[LedgerRow], asyncio.Future[None]]] = asyncio.Queue(WAITING_MAX)

    async def record(self, rows: list[LedgerRow]) -> None:
        """Return when `rows` are durable."""
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._waiting.put((rows, committed))
        await committed

    async def run(self) -> None:
        """Commit what waits, group by group, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            group = [await self._waiting.get()]
            rows = len(group[0][0])
            while rows < GROUP_ROWS and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
                rows += len(group[-1][0])
            merged = [row for part, _ in group for row in part]
            started_s = loop.time()
            await retry_until_available(
                partial(sql.ledger.commit, self._pool, merged), UNAVAILABLE_ERRORS, "postgresql"
            )
            self._observe_s(loop.time() - started_s)
            for _, committed in group:
                if not committed.cancelled():
                    committed.set_result(None)


def rows_of(batch: Batch, settled: Settled, lane: str) -> list[LedgerRow]:
    """Return the ledger rows of a batch's outcomes, one an outcome."""
    row = batch.unit.row
    users_of = {outcome: batch.users if mask is None else batch.users[mask] for outcome, mask in settled.items()}
    return [
        LedgerRow(
            row.alert_id,
            row.notice,
            row.shard_from,
            row.shard_to,
            batch.batch_id,
            outcome.value,
            lane,
            row.id,
            users.size,
            pack(users),
            row.message_version,
        )
        for outcome, users in users_of.items()
        if users.size
    ]
