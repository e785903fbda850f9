"""The ledger's group commit: one durable commit carries the settled batches of many workers.

Bounded: `GROUP_ROWS` rows a commit; a worker waits for its commit before it takes the next batch, so what a crash can
repeat is at most one batch a worker. Whatever PostgreSQL answers, the commit is tried again until it stands.
"""

from __future__ import annotations

import asyncio
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import structlog

import sql.ledger
from geo.index.shards import shards_of, span_of
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from push.fanout.packing import pack
from push.notice import Notice
from push.results import Outcome
from runtime.retry import STORE_CAP_S, full_jitter_s
from runtime.tasks import raise_if_cancelled
from sql.database import REFUSED_ERRORS
from sql.ledger import LedgerRow, Reminding

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from push.alarms import AlarmBoard
    from push.fanout.claims.unit import Batch
    from sql.database import Pool

    Settled: TypeAlias = Mapping[Outcome, NDArray[np.bool_] | None]
    """Who of a batch, in order, had an outcome; None: all of them."""

GROUP_ROWS = 4096
BATCH_ID_MAX: Final = 2**63 - 1
REACHED: Final = frozenset({Outcome.ACCEPTED, Outcome.INDETERMINATE})
"""Who had these gets the follow-up notices."""

ENTRANTS_SPAN: Final = 16
"""Shards in a row of late entrants, who are few and in all shards: more shards cost less to write, and more to read.
Rows of more have an index of their own (`ledger_wide`), which is for few."""

WAITING_MAX = 1024
"""Commits waiting to be grouped; more than the workers of all lanes together."""

_log = structlog.get_logger("push.delivery.ledger")


class Ledger:
    """Commits the outcomes of recipients, many workers' batches at a time.

    `takes`: whether the record took the last rows; nothing is sent while it does not, nor before it took a first one.
    """

    def __init__(self, pool: Pool, alarms: AlarmBoard, observe_s: Callable[[float], None]) -> None:
        self._pool = pool
        self._alarms = alarms
        self._observe_s = observe_s
        self._waiting: asyncio.Queue[tuple[list[LedgerRow], asyncio.Future[None]]] = asyncio.Queue(WAITING_MAX)
        self.takes = False

    async def record(self, rows: list[LedgerRow]) -> None:
        """Return when `rows` are durable."""
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._waiting.put((rows, committed))
        await committed

    async def run(self) -> None:
        """Prove that the record takes rows, then commit what waits, group by group, until cancelled."""
        loop = asyncio.get_running_loop()
        await self._until_taken(partial(sql.ledger.prove, self._pool))
        while True:
            group = [await self._waiting.get()]
            rows = len(group[0][0])
            while rows < GROUP_ROWS and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
                rows += len(group[-1][0])
            merged = [row for part, _ in group for row in part]
            started_s = loop.time()
            await self._until_taken(partial(sql.ledger.commit, self._pool, merged))
            self._observe_s(loop.time() - started_s)
            for _, committed in group:
                if not committed.cancelled():
                    committed.set_result(None)

    async def _until_taken(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write until the record takes it: these recipients were notified, so giving up is no choice."""
        attempt = 0
        while True:
            try:
                # Without an answer in time it is tried again on another connection; to repeat one changes nothing.
                await write()
            except REFUSED_ERRORS as error:
                raise_if_cancelled()
                self.takes = False
                attempt += 1
                if attempt > 1:
                    detail = f"{type(error).__name__}: what was sent is not recorded yet, and nothing more is sent"
                    self._alarms.raise_alarm(AlarmKind.RECORD_REFUSED, EVERY_LANE, None, detail)
                _log.warning("ledger.refused", error=type(error).__name__, attempt=attempt)
                await asyncio.sleep(full_jitter_s(attempt, cap_s=STORE_CAP_S))
            else:
                raise_if_cancelled()
                self.takes = True
                self._alarms.clear(AlarmKind.RECORD_REFUSED, EVERY_LANE, None)
                return


def rows_of(batch: Batch, settled: Settled, lane: str) -> list[LedgerRow]:
    """Return the ledger rows of a batch's outcomes: one an outcome, and one a language of those whom an alert reached.

    Who is to be reminded has rows apart. Of late entrants there is one for each span of shards. Each row has the shards
    of its own recipients, so that who asks for one shard reads those of few others.
    """
    row = batch.unit.row
    parts = [
        (outcome, number, locale, reminding, *span_of(users), users)
        for outcome, mask in settled.items()
        for number, (locale, reminding, same) in enumerate(_by_message(batch, outcome, mask))
        for users in (_by_span(same) if row.entrants else [same])
        if users.size
    ]
    return [
        LedgerRow(
            row.alert_id,
            row.notice,
            shard_from,
            shard_to,
            _row_id(batch, outcome, number, packed, reminding),
            outcome.value,
            lane,
            row.id,
            users.size,
            packed,
            row.message_version,
            locale,
            reminding,
        )
        for outcome, number, locale, reminding, shard_from, shard_to, users in parts
        for packed in [pack(users)]
    ]


def _row_id(batch: Batch, outcome: Outcome, number: int, packed: bytes, reminding: Reminding | None) -> int:
    """Return what tells a row of the same outcome and shard from others.

    Who may have been notified is recorded at each attempt, because the record may have gone back since the last one.
    The same recipients have the same id each time, so that this adds no row. A reminder is taken back by its batch.
    """
    if outcome is Outcome.INDETERMINATE and not batch.unit.is_reminder:
        unit = b"%d:%d:" % (batch.unit.row.id, reminding is not None)
        return int.from_bytes(blake2b(unit + packed, digest_size=8).digest()) & BATCH_ID_MAX
    # Rows that differ by language are told apart by it.
    return (batch.batch_id + number) & BATCH_ID_MAX


def _by_message(
    batch: Batch, outcome: Outcome, mask: NDArray[np.bool_] | None
) -> Iterator[tuple[str | None, Reminding | None, NDArray[np.int64]]]:
    """Split who had an outcome by what reached them: in which language, and whether they are to be reminded of it."""
    if batch.reminded is None or batch.unit.morning is None or outcome not in REACHED:
        for locale, users in _by_language(batch, outcome, mask):
            yield locale, None, users
        return
    everybody = np.ones(batch.size, dtype=np.bool_) if mask is None else mask
    for reminding, some in (
        (None, everybody & ~batch.reminded),
        (Reminding(*batch.unit.morning), everybody & batch.reminded),
    ):
        if some.any():
            for locale, users in _by_language(batch, outcome, some):
                yield locale, reminding, users


def _by_language(
    batch: Batch, outcome: Outcome, mask: NDArray[np.bool_] | None
) -> Iterator[tuple[str | None, NDArray[np.int64]]]:
    """Split who had an outcome by the language of the alert that reached them; no follow-up notice asks for others."""
    users = batch.users if mask is None else batch.users[mask]
    if batch.languages is None or batch.unit.row.notice != Notice.ALERT or outcome not in REACHED or not users.size:
        yield None, users
        return
    languages = batch.languages if mask is None else batch.languages[mask]
    for number in [languages[0]] if (languages == languages[0]).all() else np.unique(languages):
        yield batch.unit.languages.name(int(number)), users[languages == number]


def _by_span(users: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Split users by spans of shards, so that who reads the ledger of some shards does not read all late entrants."""
    spans = shards_of(users) // ENTRANTS_SPAN
    for span in np.unique(spans).tolist():
        yield users[spans == span]
