"""Rows of the ledger that the record refuses while it takes others: kept, and tried again until they stand.

Their recipients were notified, so giving up is no choice. Bounded: by what was being sent of a unit when its first row
was refused; a look every `AGAIN_S`, and a try of each unit as `push.fanout.claims.refused_rows` has it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import structlog

import sql.ledger
from push.fanout.claims.refused_rows import Of
from runtime.tasks import raise_if_cancelled
from sql.apart import apart
from sql.database import REFUSED_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, KeysView, Sequence
    from uuid import UUID

    from push.fanout.claims.refused_rows import RefusedRows
    from sql.database import Pool
    from sql.ledger import LedgerRow

    Then: TypeAlias = Callable[[], Awaitable[None]]
    """What is done once rows are durable."""

AGAIN_S: Final = 1.0

_log = structlog.get_logger("push.delivery.recording.kept_rows")


class _Kept(NamedTuple):
    rows: list[LedgerRow]
    then: Then | None


class KeptRows:
    """The refused rows of one process, by their unit."""

    def __init__(self, pool: Pool, refused: RefusedRows) -> None:
        self._pool = pool
        self._refused = refused
        self._kept: dict[int, list[_Kept]] = {}
        self._any = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()
        self._hurries = False

    @property
    def units(self) -> KeysView[int]:
        """The units of which rows are kept."""
        return self._kept.keys()

    def units_of(self, alert_id: UUID) -> int:
        """Return of how many units of an alert rows are kept."""
        return sum(kept[0].rows[0].alert_id == alert_id for kept in self._kept.values())

    def add(self, rows: list[LedgerRow], then: Then | None) -> None:
        """Keep rows of one unit."""
        self._kept.setdefault(rows[0].unit_id, []).append(_Kept(rows, then))
        self._any.set()
        self._none.clear()

    async def all_taken(self) -> None:
        """Try all from now on, again and again, until nothing is kept."""
        self._hurries = True
        await self._none.wait()

    async def run(self) -> None:
        """Try until cancelled."""
        try:
            while True:
                await self._any.wait()
                await asyncio.sleep(AGAIN_S)
                aside = [] if self._hurries else self._refused.aside(Of.LEDGER)
                for unit in [one for one in self._kept if one not in aside]:
                    await self._try(unit)
                if not self._kept:
                    self._any.clear()
                    self._none.set()
        finally:
            if self._kept:
                people = sum(row.recipients for kept in self._kept.values() for one in kept for row in one.rows)
                _log.error("ledger.left", units=len(self._kept), recipients=people)

    async def _try(self, unit: int) -> None:
        kept = [*self._kept[unit]]
        row, taken = kept[0].rows[0], set[int]()

        async def commit(some: Sequence[int]) -> None:
            await sql.ledger.commit(self._pool, [row for number in some for row in kept[number].rows])
            taken.update(some)

        refused: dict[int, Exception] = {}
        try:
            # One row may be refused for itself: those beside it need not wait.
            refused = await apart(commit, range(len(kept)))
        except REFUSED_ERRORS as error:
            raise_if_cancelled()
            _log.warning("ledger.refused", error=type(error).__name__)
        for refusal in [*refused.values()][:1]:
            self._refused.note((Of.LEDGER, unit), row.lane, row.alert_id, refusal)
        # What was kept meanwhile stands behind these.
        left = [one for number, one in enumerate(kept) if number not in taken]
        self._kept[unit] = [*left, *self._kept[unit][len(kept) :]]
        if not self._kept[unit]:
            del self._kept[unit]
            self._refused.taken((Of.LEDGER, unit))
        for number in sorted(taken):
            if (then := kept[number].then) is not None:
                await then()
