"""What the record has of the late entrants of one lane, without what it refuses of single alerts.

All alerts share its statements, and one whose rows are refused would hold up all others. Bounded: `sql.apart`, and
`UNITS_MAX` units that are looked at one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sql.entrants
from push.fanout.claims.refused_rows import Of
from sql.apart import apart

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
    from datetime import timedelta
    from uuid import UUID

    from push.fanout.claims.claims import Claims
    from sql.database import Pool
    from sql.entrants import Entrant
    from sql.work import UnitRow

UNITS_MAX: Final = 1000


class EntrantRecord:
    """Claims units for entrants, and changes what is noted."""

    def __init__(self, lane: str, pool: Pool, claims: Claims) -> None:
        self._lane = lane
        self._pool = pool
        self._claims = claims
        self._refused = claims.refused

    async def claim(
        self, lease: timedelta, held: Sequence[int], renewed: Sequence[int], alerts_max: int
    ) -> list[UnitRow]:
        """Claim as `sql.entrants.claim`, without units that are refused."""
        rows: list[UnitRow] = []
        parked = [*self._claims.unreadable.parked, *self._refused.aside(Of.UNIT, Of.END, Of.HELD_UNIT)]

        async def without(some: Iterable[int]) -> None:
            owner, left_out = self._claims.leases.owner, [*parked, *some]
            rows.extend(
                await sql.entrants.claim(self._pool, self._lane, owner, lease, held, renewed, left_out, alerts_max)
            )

        async def of_all(_: object) -> None:
            await without(())

        if await apart(of_all, [self._lane]):
            units = await sql.entrants.units(self._pool, self._lane, UNITS_MAX)
            asked = [unit for unit in units if unit not in parked]
            for unit, error in (await apart(lambda some: without(units.keys() - {*some}), asked)).items():
                self._refused.note((Of.UNIT, unit), self._lane, units[unit], error)
        for row in rows:
            self._refused.taken((Of.UNIT, row.id))
        return rows

    async def remove(self, entrants: Iterable[Entrant]) -> list[Entrant]:
        """Remove entrants for whom nothing is left to be done; returns those whose removal is not refused."""
        return await self._change(Of.REMOVED, entrants, lambda some: sql.entrants.remove(self._pool, some))

    async def put_off(self, entrants: Iterable[Entrant], after: timedelta) -> None:
        """Look at entrants again after a while."""
        await self._change(Of.WAITING, entrants, lambda some: sql.entrants.put_off(self._pool, some, after))

    async def _change(
        self, of: Of, entrants: Iterable[Entrant], change: Callable[[Sequence[Entrant]], Awaitable[None]]
    ) -> list[Entrant]:
        """Change entrants, alert by alert where one is refused; returns who was changed."""
        by_alert: dict[UUID, list[Entrant]] = {}
        for entrant in entrants:
            by_alert.setdefault(entrant.alert_id, []).append(entrant)
        changed: list[Entrant] = []

        async def of_alerts(some: Sequence[UUID]) -> None:
            of_some = [entrant for alert_id in some for entrant in by_alert[alert_id]]
            await change(of_some)
            changed.extend(of_some)

        if by_alert:
            await self._apart(of, of_alerts, by_alert)
        return changed

    async def shown(self, alerts: Collection[UUID]) -> set[UUID]:
        """Have the counts of these alerts read again; returns of which that is said."""
        shown: set[UUID] = set()

        async def of_alerts(some: Sequence[UUID]) -> None:
            shown.update(await sql.entrants.shown(self._pool, some))

        await self._apart(Of.SHOWN, of_alerts, alerts)
        return shown

    async def _apart(self, of: Of, ask: Callable[[Sequence[UUID]], Awaitable[None]], alerts: Collection[UUID]) -> None:
        refused = await apart(ask, [*alerts])
        for alert_id, error in refused.items():
            self._refused.note((of, (self._lane, alert_id)), self._lane, alert_id, error)
        for alert_id in {*alerts} - refused.keys():
            self._refused.taken((of, (self._lane, alert_id)))

    @property
    def aside(self) -> set[UUID]:
        """The alerts whose entrants are left aside now, because they cannot be removed or put off."""
        return self._refused.entrants_aside(self._lane)
