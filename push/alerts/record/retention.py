"""Deletion on timers: deletes the child's data and who was notified from the record; counts stay.

Several processes may do it at once: each alert is locked, and a locked one is left to the process that has it. A backup
that is restored brings deleted data back, and the next look deletes it again. What strangers saw goes first, in
transactions of its own. What cannot be deleted is left for later, is an alarm from the second time on, and holds up
nothing else. Bounded: a look every `POLL_INTERVAL_S`, one alert a transaction, `sql.deletion.SIGHTINGS_MAX` sightings;
`LEFT_MAX` that could not be deleted a look, each again after `AGAIN_LOOKS`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
import structlog

import sql.audit
import sql.deletion
import sql.lifecycle
from geo.polygon import coarse, dump, load
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from push.alerts.actions.actor import SYSTEM
from push.alerts.lifecycle import Action, State
from push.alerts.record.audit import CHILD
from runtime.retry import retry_until_available
from runtime.tasks import raise_if_cancelled
from sql.audit import AuditEvent
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from push.alarms import AlarmBoard
    from sql.database import Pool

POLL_INTERVAL_S: Final = 30.0

AGAIN_LOOKS: Final = 10
"""Looks until what could not be deleted is tried again: others have their turn meanwhile."""

LEFT_MAX: Final = 20
"""Objects that do not answer take seconds for each alert: recipients are deleted after so many at the latest."""

_log = structlog.get_logger("push.alerts.record.retention")


DeleteObjects: TypeAlias = "Callable[[UUID], Awaitable[bool]]"


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """For how long after its end what an alert holds is kept: sooner for the child once it is found."""

    child_after_found: timedelta
    child: timedelta
    recipients: timedelta


class _Left(msgspec.Struct):
    """An alert whose objects could not be deleted: how often, and when it is tried again (loop time)."""

    failures: int
    again_at: float


class Deletion:
    """Deletes what is due."""

    def __init__(
        self,
        pool: Pool,
        retention: Retention,
        secret: bytes,
        alarms: AlarmBoard,
        delete_objects: DeleteObjects,
        look_s: float = POLL_INTERVAL_S,
    ) -> None:
        """`delete_objects` deletes what is kept of an alert outside of the record; False: try again later."""
        self._pool = pool
        self._delete_objects = delete_objects
        self._secret = secret
        self._retention = retention
        self._look_s = look_s
        self._unclean = False
        self._alarms = alarms
        self._left: dict[UUID, _Left] = {}
        self._left_now = 0

    async def run(self) -> None:
        """Delete what is due, again and again until cancelled."""
        while True:
            due_again = {alert_id for alert_id, left in self._left.items() if left.again_at <= _loop_s()}
            self._left_now = 0
            while await retry_until_available(self._delete_one, UNAVAILABLE_ERRORS, "postgresql"):
                continue
            self._forget_done(due_again)
            await self._clean()
            await asyncio.sleep(self._look_s)

    async def _clean(self) -> None:
        """Free the room of what was deleted; if that fails now, the next deletion does it."""
        if not self._unclean:
            return
        self._unclean = False
        try:
            await sql.deletion.vacuum(self._pool)
        except UNAVAILABLE_ERRORS as error:
            raise_if_cancelled()
            _log.warning("deletion.unclean", error=type(error).__name__)

    async def _delete_one(self) -> bool:
        """Delete one thing that is due; False when there is none."""
        return await self._child() or await self._recipients()

    async def _child(self) -> bool:
        """Delete the data of one child; False when none is due, or too many could not be deleted in this look."""
        kept = self._retention
        while self._left_now < LEFT_MAX:
            later = [alert_id for alert_id, left in self._left.items() if left.again_at > _loop_s()]
            async with self._pool.acquire() as connection, connection.transaction():
                due = await sql.deletion.child_due(connection, kept.child_after_found, kept.child, but=later)
            if due is None:
                return False
            # Outside of a transaction, whose locks would be held as long as a store of objects takes; and before the
            # record says so, so that what is interrupted is done again.
            if await self._without_objects(due[0]):
                return await self._forget_child(due[0])
            self._leave(due[0])
        return False

    def _leave(self, alert_id: UUID) -> None:
        """Leave an alert for later, because its objects could not be deleted."""
        left = self._left.setdefault(alert_id, _Left(0, 0.0))
        left.failures += 1
        left.again_at = _loop_s() + AGAIN_LOOKS * self._look_s
        self._left_now += 1
        if left.failures > 1:
            detail = "its data is due for deletion, and its objects cannot be deleted"
            self._alarms.raise_alarm(AlarmKind.DELETION_WAITS, EVERY_LANE, str(alert_id), detail)

    def _forget_done(self, tried: set[UUID]) -> None:
        """End the alarms about alerts that were to be tried again and are due no more: done, here or elsewhere."""
        if self._left_now >= LEFT_MAX:
            return
        for alert_id in [one for one in tried if one in self._left and self._left[one].again_at <= _loop_s()]:
            del self._left[alert_id]
            self._alarms.clear(AlarmKind.DELETION_WAITS, EVERY_LANE, str(alert_id))

    async def _forget_child(self, alert_id: UUID) -> bool:
        """Delete the data of a child whose objects are deleted; tells whether it was still due."""
        kept = self._retention
        await self._without_sightings(alert_id)
        async with self._pool.acquire() as connection, connection.transaction():
            due = await sql.deletion.child_due(connection, kept.child_after_found, kept.child, alert_id)
            if due is None:
                return False
            _, state = due
            # Nothing is taken in while this transaction has the alert, so fewer means that none is left.
            if await sql.deletion.delete_sightings(connection, alert_id) == sql.deletion.SIGHTINGS_MAX:
                return True
            drawn = await sql.deletion.drawn_area(connection, alert_id)
            coarser = None if drawn is None else _coarser(drawn)
            await sql.deletion.delete_child(connection, alert_id, coarser, self._secret)
            await sql.lifecycle.move(connection, alert_id, State.CLOSED)
            event = AuditEvent(
                actor=SYSTEM.label,
                action=Action.CLOSE.value,
                alert=alert_id,
                before=state,
                after=State.CLOSED.value,
                details={"deleted": CHILD},
            )
            await sql.audit.append(connection, event)
        self._unclean = True
        # What was taken in meanwhile; from now on the record lets nothing in.
        await self._without_objects(alert_id)
        _done(alert_id, CHILD)
        return True

    async def _without_objects(self, alert_id: UUID) -> bool:
        """Delete what is kept of an alert outside of the record; tells whether that is done."""
        if await self._delete_objects(alert_id):
            return True
        _log.warning("deletion.objects_left", alert=str(alert_id))
        return False

    async def _without_sightings(self, alert_id: UUID) -> None:
        """Delete the sightings of an alert from the record, so that few are left for the transaction that says so."""
        deleted = sql.deletion.SIGHTINGS_MAX
        while deleted == sql.deletion.SIGHTINGS_MAX:
            async with self._pool.acquire() as connection, connection.transaction():
                deleted = await sql.deletion.delete_sightings(connection, alert_id)

    async def _recipients(self) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            alert_id = await sql.deletion.recipients_due(connection, self._retention.recipients)
            if alert_id is None:
                return False
            await sql.deletion.delete_recipients(connection, alert_id)
            event = AuditEvent(actor=SYSTEM.label, action="delete", alert=alert_id, details={"deleted": "recipients"})
            await sql.audit.append(connection, event)
        _done(alert_id, "recipients")
        return True


def _coarser(drawn: bytes) -> bytes:
    """Return a drawn area so that it identifies no house; nothing of one that cannot be read."""
    try:
        return dump(coarse(load(drawn)))
    except ValueError as error:
        _log.error("deletion.unreadable_area", error=type(error).__name__)
        return b""


def _loop_s() -> float:
    return asyncio.get_running_loop().time()


def _done(alert_id: UUID, what: str) -> None:
    _log.info("alert.deleted", alert=str(alert_id), what=what)
