"""Sharing a case: an authority invites another one, which countersigns it with its own key.

From then on the alert is of both: either stops, updates and ends it, and neither approves it. `uniting` unites their
jurisdictions: at once, or where the alert of either is approved before it is sent, once that is.
Bounded: `SHARING_MAX` other authorities a case; one of them changes it at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import structlog

import sql.access
import sql.audit
import sql.lifecycle
import sql.sharing
import sql.work
from push.alerts.actions.joining import uniting
from push.alerts.actions.proposals import Joining, must_wait, propose, too_many
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.lifecycle import OVER, Action, State
from push.alerts.review import APPROVALS, Review, stricter
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from push.alerts.actions.joining.uniting import Counted
    from push.alerts.actions.transaction import Done, Order
    from push.alerts.planner import Planner
    from sql.database import Connection, Pool
    from sql.lifecycle import LockedAlert

SHARING_MAX: Final = 8
"""A child is looked for across a border, or where several meet."""

INVITE: Final = "invitation"
COUNTERSIGN: Final = "countersignature"

_log = structlog.get_logger("push.alerts.actions.joining.sharing")


class Sharing:
    """Lets authorities share a case."""

    def __init__(self, pool: Pool, planner: Planner, *, halt: Callable[[UUID], None], wake: Callable[[], None]) -> None:
        self._pool = pool
        self._planner = planner
        self._halt = halt
        self._wake = wake

    async def invite(self, alert_id: UUID, order: Order, authority: str) -> Refused | None:
        """Let an authority countersign an alert's case; None when it may."""
        async with self._pool.acquire() as connection, connection.transaction():
            alert = await sql.lifecycle.lock_alert(connection, alert_id)
            refused = await _refused(connection, alert, order)
            if alert is None or refused is not None:
                return refused or Refused(Refusal.NO_ALERT)
            if authority in alert.authorities:
                return Refused(Refusal.NOTHING_NEW, "it shares the case")
            if not await sql.access.is_valid_authority(connection, authority, None):
                return Refused(Refusal.NO_AUTHORITY)
            if not await sql.sharing.invite(connection, alert_id, authority, SHARING_MAX):
                return Refused(Refusal.NOTHING_NEW, f"it is invited, or {SHARING_MAX} others are")
            event = _event(alert_id, INVITE, order, {"authority": authority})
            await sql.audit.append(connection, event)
        self._wake()
        return None

    async def countersign(self, alert_id: UUID, order: Order, authority: str) -> Refused | None:
        """Have an invited authority share an alert, and unite the jurisdictions; None when it is done."""
        # Polygons and Redis come before the lock: a cancel waits for that.
        counted = await uniting.counted(self._pool, self._planner, alert_id, Joining(authority=authority))
        if isinstance(counted, Refused):
            return counted
        async with self._pool.acquire() as connection, connection.transaction():
            alert = await sql.lifecycle.lock_alert(connection, alert_id)
            refused = await _refused(connection, alert, order, joins=True)
            if alert is None or refused is not None:
                return refused or Refused(Refusal.NO_ALERT)
            done = await self._join(connection, alert_id, alert, order, counted)
            if isinstance(done, Refused):
                return done
            before = State(alert.state)
            if done.after is not before:
                await sql.lifecycle.move(connection, alert_id, done.after)
            if done.halts:
                await sql.work.halt(connection, alert_id)
            event = _event(alert_id, COUNTERSIGN, order, {"authority": authority} | done.details)
            if done.after is not before:
                event = msgspec.structs.replace(event, before=before.value, after=done.after.value)
            await sql.audit.append(connection, event)
        if done.halts:
            self._halt(alert_id)
        self._wake()
        _log.info("alert.countersigned", alert=str(alert_id))
        return None

    async def _join(
        self, connection: Connection, alert_id: UUID, alert: LockedAlert, order: Order, counted: Counted
    ) -> Done | Refused:
        """Add the authority, have the stricter of both reviews stand, and unite or propose that."""
        if counted.request.authority in alert.countersigned:
            return Refused(Refusal.NOTHING_NEW, "it shares the case")
        policy, _ = await sql.lifecycle.review_of(connection, counted.request.authority)
        review = stricter(Review(alert.review), Review(policy))
        reviewed = msgspec.structs.replace(alert, review=review.value)
        waits = must_wait(reviewed)
        if (
            refused := too_many(alert) or (Refused(Refusal.PROPOSED) if waits and alert.proposed else None)
        ) is not None:
            return refused
        ready = uniting.prepare(self._planner, connection, alert_id, alert, counted)
        if isinstance(ready, Refused):
            return ready
        if not await sql.sharing.countersign(connection, alert_id, counted.request.authority):
            return Refused(Refusal.NOT_INVITED)
        after = State(alert.state)
        if review is not Review(alert.review) and review in APPROVALS:
            await sql.lifecycle.review_as(connection, alert_id, review.value)
            after = State.IN_REVIEW if after is State.SCHEDULED else after
        done = (
            await propose(connection, alert_id, reviewed, Action.WIDEN, order, counted.request)
            if waits
            else await ready()
        )
        return done if isinstance(done, Refused) else msgspec.structs.replace(done, after=after)


async def _refused(
    connection: Connection, alert: LockedAlert | None, order: Order, *, joins: bool = False
) -> Refused | None:
    """Refuse whom the record does not believe, and what its state or the typed case number rules out."""
    if alert is None:
        return Refused(Refusal.NO_ALERT)
    by = order.actor.authority
    if by is None or (not joins and by not in alert.authorities):
        return Refused(Refusal.OTHER_AUTHORITY)
    # Who invited is revoked: then the invitation is nobody's.
    for authority in (by, alert.authority):
        if not await sql.access.is_valid_authority(connection, authority, None):
            return Refused(Refusal.NOT_BELIEVED)
    if State(alert.state) in OVER or State(alert.state) is State.RECEIVED:
        return Refused(Refusal.NOT_RUNNING, f"the alert is {alert.state}")
    if order.case_number is not None and order.case_number != alert.case_number:
        return Refused(Refusal.CASE_NUMBER, "it is typed so that the right alert is meant")
    return None


def _event(alert_id: UUID, action: str, order: Order, details: dict[str, object]) -> AuditEvent:
    return AuditEvent(actor=order.actor.label, action=action, alert=alert_id, reason=order.reason, details=details)
