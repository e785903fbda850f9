"""The ledger's group commit: one durable commit carries the settled batches of many workers.

Bounded: `GROUP_ROWS` rows a commit; a worker waits for its commit before it takes the next batch, so what a crash can
repeat is at most one batch a worker. Whatever PostgreSQL answers, the commit is tried again until it stands. Where it
refuses the rows of one unit and takes those of others, these go on, and that unit's rows are kept: nothing more of the
unit is sent, and nothing more of its alert once `UNITS_REFUSED_MAX` of its units are refused.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

import sql.ledger
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from push.delivery.recording.kept_rows import KeptRows
from push.fanout.claims.refused_rows import Of
from runtime.retry import STORE_CAP_S, full_jitter_s
from runtime.tasks import raise_if_cancelled
from sql.apart import apart
from sql.database import REFUSED_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from push.alarms import AlarmBoard
    from push.delivery.recording.kept_rows import Then
    from push.fanout.claims.refused_rows import RefusedRows
    from sql.database import Pool
    from sql.ledger import LedgerRow
    from sql.work import UnitRow

GROUP_ROWS = 4096

WAITING_MAX = 1024
"""Commits waiting to be grouped; more than the workers of all lanes together."""

UNITS_REFUSED_MAX: Final = 2
"""As many units of one alert are no single rows any more. Each has a batch a worker sent before that is known, so that
a crash repeats so many times as much then."""

_log = structlog.get_logger("push.delivery.recording.ledger")


class _Waiting(NamedTuple):
    """The rows of one batch, and what tells whether they are durable or kept."""

    rows: list[LedgerRow]
    then: Then | None
    keep: bool
    taken: asyncio.Future[bool]


class Ledger:
    """Commits the outcomes of recipients, many workers' batches at a time.

    `takes`: whether the record took the last rows; nothing is sent while it does not, nor before it took a first one.
    """

    def __init__(
        self, pool: Pool, alarms: AlarmBoard, refused: RefusedRows, observe_s: Callable[[float], None]
    ) -> None:
        self._pool = pool
        self._alarms = alarms
        self._refused = refused
        self._observe_s = observe_s
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue(WAITING_MAX)
        self._kept = KeptRows(pool, refused)
        self.takes = False

    def refuses(self, row: UnitRow) -> bool:
        """Tell whether nothing more of a unit may be sent, because what was sent of its alert is not recorded yet."""
        return row.id in self._kept.units or self._kept.units_of(row.alert_id) >= UNITS_REFUSED_MAX

    async def record(self, rows: list[LedgerRow], then: Then | None = None, *, keep: bool = True) -> bool:
        """Return True when `rows`, all of one unit, are durable; False when the record refuses them.

        Then they are kept and tried again, unless not to `keep`, and `then` is called once they are durable.
        """
        if rows[0].unit_id in self._kept.units:
            if keep:
                self._kept.add(rows, then)
            return False
        taken: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        await self._waiting.put(_Waiting(rows, then, keep, taken))
        return await taken

    async def all_taken(self) -> None:
        """Wait until what was refused is durable."""
        await self._kept.all_taken()

    async def run(self) -> None:
        """Prove that the record takes rows, then commit what waits, group by group, until cancelled."""
        await self._until_taken(partial(sql.ledger.prove, self._pool))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._commit_groups(), name="commits")
            group.create_task(self._kept.run(), name="commits of what was refused")

    async def _commit_groups(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            group = [await self._waiting.get()]
            rows = len(group[0].rows)
            while rows < GROUP_ROWS and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
                rows += len(group[-1].rows)
            started_s = loop.time()
            refused = await self._commit(group)
            self._observe_s(loop.time() - started_s)
            for one in group:
                is_refused = one.rows[0].unit_id in refused
                if is_refused and one.keep:
                    self._kept.add(one.rows, one.then)
                if not one.taken.cancelled():
                    one.taken.set_result(not is_refused)

    async def _commit(self, group: Sequence[_Waiting]) -> set[int]:
        """Commit a group; returns of which units rows are refused while the record takes others."""
        rows: dict[int, list[LedgerRow]] = {}
        for one in group:
            rows.setdefault(one.rows[0].unit_id, []).extend(one.rows)
        refused: set[int] = set()

        async def commit(units: Sequence[int]) -> None:
            await sql.ledger.commit(self._pool, [row for unit in units for row in rows[unit]])
            for unit in units:
                del rows[unit]

        async def commit_apart() -> None:
            before = len(rows)
            errors = await apart(commit, [*rows])
            if errors and len(rows) == before:
                # Either all of these, or every row there is: then it is waited for as for a record that is away.
                await sql.ledger.prove(self._pool)
            for unit, error in errors.items():
                row = rows.pop(unit)[0]
                self._refused.note((Of.LEDGER, unit), row.lane, row.alert_id, error)
            refused.update(errors)

        while rows:
            await self._until_taken(commit_apart)
        return refused

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
