"""The real record and its double, called the same way, with their answers and their whole states compared.

Times are compared within `APART_S`, units by what they name. Bounded by the calls of a test.
"""

from __future__ import annotations

import random
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

import sql.progress
import sql.work
from sql.ledger import LedgerRow
from tests.simulation.record.instant import InstantPool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from sql.database import Pool

APART_S: Final = 30.0
UNIT_COLUMNS: Final = [
    "shard_from",
    "shard_to",
    "done",
    "lease_owner",
    "lease_until",
    "worked_by",
    "searched",
    "reopened",
    "message_version",
    "passes",
    "found",
    "opted_out",
    "accepted",
    "invalid",
    "refused",
    "quarantined",
    "failed",
    "done_at",
    "entrants",
    "interrupted",
]
ENTRANT_COLUMNS: Final = ["alert_id", "lane", "shard", "entry", "due_at"]
ALERT_COLUMNS: Final = [
    "state",
    "version",
    "revision",
    "sent_at",
    "next_sweep_at",
    "swept_at",
    "entered_at",
    "ended_at",
    "through_alert",
    "audience_max",
]


class BothRecords:
    """The real record and its double, with what they call the same."""

    def __init__(self, pool: Pool, seed: int) -> None:
        self.pool = pool
        self.double = InstantPool()
        self.random = random.Random(seed)
        self.alerts: list[UUID] = []
        self.units: dict[int, int] = {}
        self.claimed: list[tuple[int, UUID]] = []
        self.batches: list[LedgerRow] = []

    async def call(self, function: Callable[..., Awaitable[Any]], *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - any call
        """Make one call on both and compare the answers; units are named as in the real record."""
        self.double.now = await self.pool.fetchval("select clock_timestamp()")
        real = await function(self.pool, *arguments, **named)
        to_double = dict(self.units)
        translated = [self._translated(one, to_double) for one in arguments]
        there = await function(cast("Any", self.double), *translated, **named)
        back = {other: own for own, other in self.units.items()}
        assert _same(_comparable(real), self._named(there, back)), (function, arguments, real, there)
        return real

    async def within(self, function: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:  # noqa: ANN401 - any call
        """Make one call on both within a transaction."""

        async def in_transaction(pool: Pool, *rest: Any) -> Any:  # noqa: ANN401 - any call
            async with pool.acquire() as connection, connection.transaction():
                return await function(connection, *rest)

        return await self.call(in_transaction, *arguments)

    def _translated(self, value: Any, units: dict[int, int]) -> Any:  # noqa: ANN401 - an argument
        if isinstance(value, UnitId):
            return units[value]
        if isinstance(value, list):
            return [self._translated(one, units) for one in value]
        if isinstance(value, LedgerRow):
            return msgspec.structs.replace(value, unit_id=units[value.unit_id])
        return value

    def _named(self, value: Any, units: dict[int, int]) -> Any:  # noqa: ANN401 - an answer
        if isinstance(value, sql.work.UnitRow):
            return msgspec.structs.replace(value, id=units[value.id])
        if isinstance(value, list) and value and isinstance(value[0], sql.work.UnitRow):
            return [self._named(one, units) for one in value]
        if isinstance(value, dict) and value and all(isinstance(key, int) for key in value):
            return {units[key]: one for key, one in value.items()}
        if isinstance(value, set) and value and all(type(one) is int for one in value):
            return {units[one] for one in value}
        return value

    async def learn_units(self) -> None:
        """Learn how the units are called on both sides: they were added in the same order."""
        rows = await self.pool.fetch("select id from sweep_unit order by id")
        self.units = {row[0]: unit.id for row, unit in zip(rows, self.double.tables.units.values(), strict=True)}

    async def compare(self) -> None:
        """Compare the whole state."""
        names = ", ".join(UNIT_COLUMNS)
        rows = await self.pool.fetch(
            f"select {names}, (select ring from sweep s where s.id = u.sweep_id) from sweep_unit u order by id"  # noqa: S608 - our own names
        )
        there = [
            [*(getattr(unit, name) for name in UNIT_COLUMNS), unit.sweep.ring]
            for unit in self.double.tables.units.values()
        ]
        assert _same([list(row) for row in rows], there)
        await self._compare_entrants()
        for alert_id in self.alerts:
            alert = self.double.tables.alerts[alert_id]
            row = await self.pool.fetchrow(f"select {', '.join(ALERT_COLUMNS)} from alert where id = $1", alert_id)  # noqa: S608 - our own names
            assert row is not None
            assert _same(list(row), [getattr(alert, name) for name in ALERT_COLUMNS])
            held = await self.pool.fetch("select ring, held from ring where alert_id = $1 order by ring", alert_id)
            assert [tuple(one) for one in held] == [(ring.ring, ring.held) for _, ring in sorted(alert.rings.items())]
            ledger = await self.pool.fetch(
                "select notice, batch_id, outcome, recipients, packed, message_version from ledger where alert_id = $1",
                alert_id,
            )
            entries = [
                (one.notice, one.batch_id, one.outcome, one.recipients, one.packed, one.message_version)
                for one in alert.ledger.values()
            ]
            assert sorted(tuple(one) for one in ledger) == sorted(entries)

    async def _compare_entrants(self) -> None:
        names = ", ".join(ENTRANT_COLUMNS)
        rows = await self.pool.fetch(f"select user_id, {names} from entrant order by user_id, alert_id")  # noqa: S608 - our own names
        there = [
            [one.user, *(getattr(one, name) for name in ENTRANT_COLUMNS)]
            for _, one in sorted(self.double.tables.entrants.items())
        ]
        assert _same([list(row) for row in rows], there)


class UnitId(int):
    """The id of a unit in the real record."""


def _comparable(answer: Any) -> Any:  # noqa: ANN401 - an answer
    """Return an answer of the real record without the transaction that changed an alert: the double has none."""
    if isinstance(answer, list) and answer and isinstance(answer[0], sql.progress.ListedAlert):
        return [msgspec.structs.replace(one, changed="") for one in answer]
    return answer


def _same(real: Any, there: Any) -> bool:  # noqa: ANN401 - answers
    """Tell whether two answers are the same, times but for `APART_S`."""
    if isinstance(real, datetime) and isinstance(there, datetime):
        return abs((real - there).total_seconds()) < APART_S
    if isinstance(real, str) and isinstance(there, str) and real.startswith("{"):
        # PostgreSQL orders the names in JSON by itself.
        return bool(msgspec.json.decode(real) == msgspec.json.decode(there))
    if isinstance(real, float) and isinstance(there, float):
        return abs(real - there) < APART_S
    if isinstance(real, msgspec.Struct) and isinstance(there, msgspec.Struct):
        return _same(msgspec.structs.astuple(real), msgspec.structs.astuple(there))
    if isinstance(real, (list, tuple)) and isinstance(there, (list, tuple)):
        return len(real) == len(there) and all(_same(one, other) for one, other in zip(real, there, strict=True))
    return bool(real == there)
