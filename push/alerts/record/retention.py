"""Deletion on timers: deletes the child's data and who was notified from the record; counts stay.

Several processes may do it at once: each alert is locked, and a locked one is left to the process that has it. A backup
that is restored brings deleted data back, and the next look deletes it again. What strangers saw goes first, in
transactions of its own. What cannot be deleted of one alert, whatever the reason, is left for later with an alarm
(`push.alerts.record.left`), and holds up nothing else. Bounded: a look every `POLL_INTERVAL_S`, one alert a
transaction, `sql.deletion.SIGHTINGS_MAX` sightings.
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
from push.alerts.record.left import LeftAlerts
from push.alerts.record.receipts import without_places
from runtime.retry import retry_until_available
from runtime.tasks import raise_if_cancelled
from sql.audit import AuditEvent
from sql.database import REFUSED_ERRORS, STARTING_ERRORS, UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from push.alarms import AlarmBoard
    from sql.database import Connection, Pool

POLL_INTERVAL_S: Final = 30.0

_log = structlog.get_logger("push.alerts.record.retention")


DeleteObjects: TypeAlias = "Callable[[UUID], Awaitable[bool]]"


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """For how long after its end what an alert holds is kept: sooner for the child once it is found."""

    child_after_found: timedelta
    child: timedelta
    recipients: timedelta


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
        self._children, self._recipients = LeftAlerts(alarms, look_s), LeftAlerts(alarms, look_s)

    async def run(self) -> None:
        """Delete what is due, again and again until cancelled."""
        while True:
            for left in (self._children, self._recipients):
                left.begin_look()
            while await retry_until_available(self._delete_one, UNAVAILABLE_ERRORS, "postgresql"):
                continue
            for left in (self._children, self._recipients):
                left.end_look()
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
        """Delete one thing that is due; False when there is none, or this look has left too many."""
        try:
            some = await self._one_child() or await self._one_alerts_recipients()
        except REFUSED_ERRORS as error:
            if not isinstance(error, STARTING_ERRORS):
                detail = f"PostgreSQL does not say what is due for deletion: {type(error).__name__}"
                self._alarms.restate(AlarmKind.DELETION_WAITS, EVERY_LANE, None, detail)
            raise
        self._alarms.clear(AlarmKind.DELETION_WAITS, EVERY_LANE, None)
        return some

    async def _one_child(self) -> bool:
        """Delete the data of one child, or leave it for later; False when none is due, or too many were left."""
        if self._children.is_full:
            return False
        kept = self._retention
        async with self._pool.acquire() as connection, connection.transaction():
            due = await sql.deletion.child_due(
                connection, kept.child_after_found, kept.child, but=self._children.later()
            )
        if due is None:
            return False
        alert_id = due[0]
        try:
            # Outside of a transaction, whose locks would be held as long as a store of objects takes; and before the
            # record says so, so that what is interrupted is done again.
            if await self._without_objects(alert_id):
                await self._forget_child(alert_id)
            else:
                self._children.leave(alert_id, "its data is due for deletion, and its objects cannot be deleted")
        except REFUSED_ERRORS as error:
            name = _refused(alert_id, error)
            self._children.leave(alert_id, f"its data is due for deletion, and PostgreSQL refuses that: {name}")
        return True

    async def _forget_child(self, alert_id: UUID) -> None:
        """Delete the data of a child whose objects are deleted, if it is still due."""
        kept = self._retention
        await self._without_sightings(alert_id)
        async with self._pool.acquire() as connection, connection.transaction():
            due = await sql.deletion.child_due(connection, kept.child_after_found, kept.child, alert_id)
            if due is None:
                return
            _, state = due
            # Nothing is taken in while this transaction has the alert, so fewer means that none is left.
            if await sql.deletion.delete_sightings(connection, alert_id) == sql.deletion.SIGHTINGS_MAX:
                return
            drawn = await sql.deletion.drawn_area(connection, alert_id)
            coarser = None if drawn is None else _coarser(drawn)
            await self._without_receipts(connection, alert_id)
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

    async def _without_receipts(self, connection: Connection, alert_id: UUID) -> None:
        """Take the places out of the stored answers to the alert's webhooks; the rest stays for late retries."""
        for receipt in await sql.deletion.receipts(connection, alert_id):
            answer = without_places(receipt.answer, str(alert_id))
            if answer is None:
                await sql.deletion.delete_receipt(connection, receipt)
            elif answer != receipt.answer:
                await sql.deletion.put_receipt(connection, receipt, answer, self._secret)

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

    async def _one_alerts_recipients(self) -> bool:
        """Delete the recipients of one alert, or leave them for later; False as for a child."""
        if self._recipients.is_full:
            return False
        alert_id: UUID | None = None
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                alert_id = await sql.deletion.recipients_due(
                    connection, self._retention.recipients, but=self._recipients.later()
                )
                if alert_id is None:
                    return False
                await sql.deletion.delete_recipients(connection, alert_id)
                details = {"deleted": "recipients"}
                event = AuditEvent(actor=SYSTEM.label, action="delete", alert=alert_id, details=details)
                await sql.audit.append(connection, event)
        except REFUSED_ERRORS as error:
            if alert_id is None:
                raise
            name = _refused(alert_id, error)
            self._recipients.leave(
                alert_id, f"its recipients are due for deletion, and PostgreSQL refuses that: {name}"
            )
        else:
            _done(alert_id, "recipients")
        return True


def _coarser(drawn: bytes) -> bytes:
    """Return a drawn area so that it identifies no house; nothing of one that cannot be read."""
    try:
        return dump(coarse(load(drawn)))
    except ValueError as error:
        _log.error("deletion.unreadable_area", error=type(error).__name__)
        return b""


def _refused(alert_id: UUID, error: BaseException) -> str:
    """Log what PostgreSQL refused of one alert; returns its name. One that is away is waited for at the next call."""
    raise_if_cancelled()
    name = type(error).__name__
    _log.error("deletion.refused", alert=str(alert_id), error=name)
    return name


def _done(alert_id: UUID, what: str) -> None:
    _log.info("alert.deleted", alert=str(alert_id), what=what)
