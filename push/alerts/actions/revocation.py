"""What a revoked authority or token, or a certificate that is no longer pinned, set in motion does not go on by itself.

What waits is held, what is live is paused, and the notice of an end is held, unless what is live is to be kept: in the
transaction that revokes, so that nothing is between both. Bounded by the alerts of one authority that wait or go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

import sql.cap
import sql.held_notices
import sql.lifecycle
import sql.work
from push.alerts.actions.actor import of_authority
from push.alerts.lifecycle import NOT_NOTIFIED, Action, State
from push.alerts.review import Review
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from sql.database import Connection

DISTRUST = "distrust"
"""What the trail calls it where the state stays: in review, or paused already."""

HOLD = Action.HOLD.value


class Distrusted(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts are held before anyone was notified, which are paused, of which the end is held; and the events."""

    held: list[UUID]
    paused: list[UUID]
    ends: list[UUID]
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
    """Hold or pause what an authority filed or ended, or one of its certificates signed, within the transaction.

    The caller appends the events, as its last statement.
    """
    details: dict[str, Any] = {"revoked": authority} | ({} if certificate is None else {"certificate": certificate})
    done = Distrusted(held=[], paused=[], ends=[], events=[])
    for alert_id in await sql.lifecycle.of_filer(connection, authority, certificate):
        await _stop(
            connection, alert_id, AuditEvent(actor=actor, action=DISTRUST, details=details), done, keep_live=keep_live
        )
    if not keep_live:
        said = of_authority(authority).label
        ended = await sql.held_notices.notices_of_filer(connection, said, None, certificate)
        await _hold_notices(connection, ended, AuditEvent(actor=actor, action=HOLD, details=details), done)
    return done


async def distrust_token(connection: Connection, token: int, actor: str) -> Distrusted:
    """Pause what is sent because of what a token did, and hold notices of ends that it said, within the transaction.

    What waits for approval is not touched: what the token approved or proposed counts no longer. The caller appends the
    events, as its last statement.
    """
    details: dict[str, Any] = {"revoked_token": token}
    done = Distrusted(held=[], paused=[], ends=[], events=[])
    for alert_id in await sql.lifecycle.of_token(connection, token):
        event = AuditEvent(actor=actor, action=DISTRUST, details=details)
        await _stop(connection, alert_id, event, done, keep_live=False)
    ended = await sql.held_notices.notices_of_filer(connection, None, token)
    await _hold_notices(connection, ended, AuditEvent(actor=actor, action=HOLD, details=details), done)
    return done


async def _stop(
    connection: Connection, alert_id: UUID, event: AuditEvent, done: Distrusted, *, keep_live: bool
) -> None:
    """Hold an alert before anybody was notified, or pause it; one that is live and to be kept goes on."""
    alert = await sql.lifecycle.lock_alert(connection, alert_id)
    if alert is None:
        return
    before = State(alert.state)
    if before not in NOT_NOTIFIED and keep_live:
        return
    await sql.lifecycle.distrust(connection, alert_id)
    after, action = before, event.action
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
    was, now = (before.value, after.value) if after is not before else (None, None)
    done.events.append(msgspec.structs.replace(event, alert=alert_id, action=action, before=was, after=now))


async def _hold_notices(connection: Connection, ended: list[UUID], event: AuditEvent, done: Distrusted) -> None:
    """Hold what is being said of alerts that ended, until somebody resumes it or says it again."""
    for alert_id in ended:
        await sql.lifecycle.distrust(connection, alert_id)
        await sql.held_notices.hold_notice(connection, alert_id)
        await sql.work.halt(connection, alert_id)
        done.ends.append(alert_id)
        done.events.append(msgspec.structs.replace(event, alert=alert_id))
