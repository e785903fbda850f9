"""Transitions: what of alerts moves by itself, with its event in the audit trail, and what is due once more.

One statement moves all that are due. Where the record refuses one of them, that alert is left aside, and all others
move. Bounded: `sql.apart`, and `sql.progress.WATCHED_MAX` alerts that are looked at one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import sql.audit
import sql.progress
import sql.rings
import sql.work
from push.alarms import EVERY_LANE
from push.alerts.actions.actor import SYSTEM
from push.alerts.lifecycle import State, between
from push.fanout.claims.refused_rows import Of
from sql.apart import apart
from sql.audit import AuditEvent
from sql.progress import WATCHED_MAX

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from datetime import timedelta
    from uuid import UUID

    from push.fanout.claims.refused_rows import RefusedRows
    from push.fanout.entrants.late_entrants import LatePlan
    from sql.database import Pool

NOTICE_PASSES = 2
"""How often a follow-up notice is swept again: who changed lanes during the first sweep is found then."""

T = TypeVar("T")


class AlertsApart:
    """Does something to all alerts that are due, and where one is refused, to the others."""

    def __init__(self, pool: Pool, refused: RefusedRows) -> None:
        self._pool = pool
        self._refused = refused

    async def do(self, of: Of, move: Callable[[Sequence[UUID]], Awaitable[Iterable[T]]]) -> list[T]:
        """Return what `move` returns, which is given the alerts to leave as they are; its bound is the caller's."""
        done: list[T] = []
        aside = self._refused.alerts_aside(of)

        async def of_all(_: object) -> None:
            done.extend(await move(aside))

        if not await apart(of_all, ["all"]):
            self._refused.all_taken(of, aside)
            return done
        alerts = await sql.progress.going_on(self._pool, WATCHED_MAX)

        async def of_some(some: Sequence[UUID]) -> None:
            done.extend(await move([*aside, *({*alerts} - {*some})]))

        refused = await apart(of_some, [one for one in alerts if one not in aside])
        for alert_id, error in refused.items():
            self._refused.note((of, alert_id), EVERY_LANE, alert_id, error)
        return done


class Transitions:
    """Moves alerts, and reopens what is due once more; `wake` is called when there is work for lanes."""

    def __init__(self, pool: Pool, apart: AlertsApart, late: Callable[[], LatePlan], wake: Callable[[], None]) -> None:
        self._pool = pool
        self._apart = apart
        self._late = late
        self._wake = wake

    async def settle(self) -> None:
        """Make the transitions that need no person."""
        if await self._apart.do(Of.STATE, self._settle):
            self._wake()

    async def _settle(self, without: Sequence[UUID]) -> list[tuple[UUID, str, str]]:
        async with self._pool.acquire() as connection, connection.transaction():
            moved = await sql.progress.settle(connection, self._late().gap, without)
            for alert_id, _, after in moved:
                if after == State.EXPIRED:
                    await sql.work.halt(connection, alert_id)
            await sql.audit.append(
                connection,
                *(
                    AuditEvent(
                        actor=SYSTEM.label,
                        action=between(State(before), State(after)).value,
                        alert=alert_id,
                        before=before,
                        after=after,
                    )
                    for alert_id, before, after in moved
                ),
            )
        return moved

    async def sweep_again(self) -> set[UUID]:
        """Sweep again where a pass for late entrants, or of a follow-up notice, is due; returns these alerts."""
        late: timedelta = self._late().every

        async def areas(without: Sequence[UUID]) -> set[UUID]:
            return await sql.rings.sweep_again(self._pool, late, without)

        async def notices(without: Sequence[UUID]) -> set[UUID]:
            plan = self._late()
            return await sql.rings.notify_again(self._pool, plan.notices_apart, NOTICE_PASSES, plan.gap, without)

        again = {*await self._apart.do(Of.SWEPT_AGAIN, areas), *await self._apart.do(Of.NOTICE, notices)}
        if again:
            self._wake()
        return again
