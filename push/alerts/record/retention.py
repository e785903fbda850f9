"""Deletion on timers: deletes the child's data and who was notified from the record; counts stay.

Several processes may do it at once: each alert is locked, and a locked one is left to the process that has it. A backup
that is restored brings deleted data back, and the next look deletes it again. What strangers saw goes first, in
transactions of its own: however much it is, it holds up no other deletion for long. Bounded: a look every
`POLL_INTERVAL_S`, one alert a transaction, `sql.deletion.SIGHTINGS_MAX` of its sightings.
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

    from sql.database import Pool

POLL_INTERVAL_S: Final = 30.0

_log = structlog.get_logger("push.alerts.record.retention")


DeleteObjects: TypeAlias = "Callable[[UUID], Awaitable[bool]]"


async def _none(_: UUID) -> bool:
    """Delete nothing: there are no objects."""
    return True


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
        look_s: float = POLL_INTERVAL_S,
        delete_objects: DeleteObjects = _none,
    ) -> None:
        """`delete_objects` deletes what is kept of an alert outside of the record; False: try again later."""
        self._pool = pool
        self._delete_objects = delete_objects
        self._secret = secret
        self._retention = retention
        self._look_s = look_s
        self._unclean = False

    async def run(self) -> None:
        """Delete what is due, again and again until cancelled."""
        while True:
            while await retry_until_available(self._delete_one, UNAVAILABLE_ERRORS, "postgresql"):
                continue
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
        kept = self._retention
        async with self._pool.acquire() as connection, connection.transaction():
            due = await sql.deletion.child_due(connection, kept.child_after_found, kept.child)
        # Outside of a transaction, whose locks would be held as long as a store of objects takes; and before the record
        # says so, so that what is interrupted is done again.
        if due is None or not await self._without_objects(due[0]):
            return False
        await self._without_sightings(due[0])
        async with self._pool.acquire() as connection, connection.transaction():
            due = await sql.deletion.child_due(connection, kept.child_after_found, kept.child, due[0])
            if due is None:
                return False
            alert_id, state = due
            # Nothing is taken in while this transaction has the alert, so fewer means that none is left.
            if await sql.deletion.delete_sightings(connection, alert_id) == sql.deletion.SIGHTINGS_MAX:
                return True
            drawn = await sql.deletion.drawn_area(connection, alert_id)
            coarser = None if drawn is None else dump(coarse(load(drawn)))
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


def _done(alert_id: UUID, what: str) -> None:
    _log.info("alert.deleted", alert=str(alert_id), what=what)
