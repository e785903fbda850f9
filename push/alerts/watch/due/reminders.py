"""Morning reminders: begins those that are due, each with an event of the audit trail, and opens their units again.

Whom the alert reached without a sound at night, or in quiet hours of their own, gets it once more with a sound, as long
as it lives. Bounded: a look every `EVERY_S`, and only where the policy has reminders; `PASSES` of a unit.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import sql.audit
import sql.reminders
from push.alerts.actions.actor import SYSTEM
from push.fanout.claims.refused_rows import Of
from push.notice import SubjectKind
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from push.alerts.disclosure.people import Disclosure
    from push.alerts.watch.due.transitions import AlertsApart
    from push.message.sound import Sounds
    from runtime.clock import ComparedClock
    from sql.database import Pool

EVERY_S: Final = 1.0
ACTION: Final = "remind"

MOVED_EVERY: Final = timedelta(minutes=2)
MOVED_PASSES: Final = 2
"""As follow-up notices are swept again: who changed lanes during the first sweep is found then."""

QUIET_EVERY: Final = timedelta(minutes=20)
PASSES: Final = 14
"""With those before, four hours: who is in quiet hours for longer is not reminded."""


class Reminders:
    """Begins morning reminders."""

    def __init__(
        self,
        pool: Pool,
        apart: AlertsApart,
        sounds: Sounds,
        disclosure: Disclosure,
        wake_lanes: Callable[[], None],
        clock: ComparedClock,
    ) -> None:
        self._apart = apart
        self._clock = clock
        self._pool = pool
        self._sounds = sounds
        self._disclosure = disclosure
        self._wake_lanes = wake_lanes
        self._looked_s = float("-inf")

    async def look(self) -> set[UUID]:
        """Begin what is due, where it is not night; returns the alerts of which something is sent again."""
        loop = asyncio.get_running_loop()
        kinds = self._kinds()
        if not kinds or loop.time() - self._looked_s < EVERY_S:
            return set()
        self._looked_s = loop.time()
        if begun := {*await self._apart.do(Of.REMINDER, partial(self._begin, kinds))}:
            self._wake_lanes()
        again = {*await self._apart.do(Of.REMINDER_AGAIN, self._again)}
        if again - begun:
            self._wake_lanes()
        return begun | again

    def _kinds(self) -> list[str]:
        """Return about which kinds of people reminders may begin now."""
        moment, of = self._clock.now(), self._sounds.of
        return [kind for kind in SubjectKind if of(kind).morning_reminder and not of(kind).is_night(moment)]

    async def _again(self, without: Sequence[UUID]) -> set[UUID]:
        return await sql.reminders.again(self._pool, MOVED_EVERY, MOVED_PASSES, QUIET_EVERY, PASSES, without)

    async def _begin(self, kinds: list[str], without: Sequence[UUID]) -> set[UUID]:
        async with self._pool.acquire() as connection, connection.transaction():
            begun = await sql.reminders.begin(connection, kinds, without)
            events = (
                AuditEvent(
                    actor=SYSTEM.label,
                    action=ACTION,
                    alert=one.alert_id,
                    details={"without_a_sound": self._disclosure.floored(one.people)},
                )
                for one in begun
            )
            await sql.audit.append(connection, *events)
        return {one.alert_id for one in begun}
