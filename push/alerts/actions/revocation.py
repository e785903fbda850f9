"""What a revoked authority, or a certificate that is no longer pinned, set in motion does not go on by itself.

What waits is held, and what is live is paused unless it is to be kept: in the transaction that revokes, so that nothing
is between both. Bounded by the alerts of one authority that wait or go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

import sql.cap
import sql.lifecycle
import sql.work
from push.alerts.lifecycle import NOT_NOTIFIED, Action, State
from push.alerts.review import Review
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from sql.database import Connection

DISTRUST = "distrust"
"""What the trail calls it where the state stays: in review, or paused already."""


class Distrusted(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts are held before anyone was notified, which are paused, and the events about them."""

    held: list[UUID]
    paused: list[UUID]
    events: list[AuditEvent]


async def hold_filer(connection: Connection, authority: str, certificate: str | None) -> tuple[str, int] | None:
    """Return the review policy of an authority and its grace in seconds, None where it files nothing any longer.

    Whoever revokes it, or unpins the certificate that signed, waits for the caller's transaction and holds its case.
    """
    policy = await sql.lifecycle.hold_review(connection, authority)
    if policy is None or certificate is None:
        return policy
    return policy if await sql.cap.hold_pin(connection, authority, certificate) else None


async def distrust(
    connection: Connection, authority: str, certificate: str | None, actor: str, *, keep_live: bool
) -> Distrusted:
    """Hold or pause what an authority filed, or one of its certificates signed, within the caller's transaction.

    The caller appends the events, as its last statement.
    """
    done = Distrusted(held=[], paused=[], events=[])
    for alert_id in await sql.lifecycle.of_filer(connection, authority, certificate):
        alert = await sql.lifecycle.lock_alert(connection, alert_id)
        if alert is None:
            continue
        before = State(alert.state)
        if before not in NOT_NOTIFIED and keep_live:
            continue
        await sql.lifecycle.distrust(connection, alert_id)
        after, action = before, DISTRUST
        if before is State.SCHEDULED:
            await sql.lifecycle.review_as(connection, alert_id, Review.APPROVE)
            after, action = State.IN_REVIEW, Action.VETO.value
        elif before not in NOT_NOTIFIED and before is not State.PAUSED:
            await sql.lifecycle.see_unverified(connection, alert_id)
            after, action = State.PAUSED, Action.PAUSE.value
        if after is not before:
            await sql.lifecycle.move(connection, alert_id, after)
        await sql.work.halt(connection, alert_id)
        (done.held if after is State.IN_REVIEW else done.paused).append(alert_id)
        details: dict[str, Any] = {"revoked": authority} | ({} if certificate is None else {"certificate": certificate})
        was, now = (before.value, after.value) if after is not before else (None, None)
        done.events.append(
            AuditEvent(actor=actor, action=action, alert=alert_id, details=details, before=was, after=now)
        )
    return done
