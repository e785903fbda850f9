"""Reopening: an alert that was ended by mistake goes on, after another review by its authority's policy as of now.

It is the same alert with the same ledger: no one is notified of it twice, and who was notified of its end gets one
update. Bounded: 72 h from the reopening, within `life_max` from the receipt; not after the child's data is deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

import sql.lifecycle
import sql.outcomes
import sql.progress
import sql.sightings
from push.alerts.actions.proposals import too_many
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.actions.transaction import Done
from push.alerts.lifecycle import State
from push.alerts.record.contents import read_content
from push.alerts.review import Decision, Review, decide
from push.message.closings import going_on
from push.notice import DEADLINE, EXPIRY, Notice
from sql.outcomes import Reopening

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

    from push.alerts.actions.transaction import Order
    from push.alerts.planner import Planner
    from sql.database import Connection
    from sql.lifecycle import LockedAlert


async def reopen(
    planner: Planner,
    connection: Connection,
    alert_id: UUID,
    alert: LockedAlert,
    order: Order,
    life_max: timedelta,
) -> Done | Refused:
    """Let an alert go on."""
    if alert.case_number.endswith(f"/ {alert_id}"):
        return Refused(Refusal.SUPERSEDED)
    if (refused := too_many(alert)) is not None:
        return refused
    now = await sql.progress.record_time(connection)
    expires = min(now + EXPIRY, alert.received_at + life_max)
    if expires <= now:
        detail = "the alert has lived as long as an alert may: file the case under another number"
        return Refused(Refusal.EXPIRY_CAP, detail)
    decision = await _decided(connection, alert, now)
    await sql.lifecycle.withdraw(connection, alert_id)
    anew = Reopening(review=decision.review.value, send_at=decision.send_at, expires=expires, at=now, within=DEADLINE)
    await sql.outcomes.reopen(connection, alert_id, anew)
    if alert.notified:
        await _say_so(planner, connection, alert_id, alert)
    await sql.lifecycle.add_author(connection, alert_id, order.actor.person, order.actor.person_id)
    details: dict[str, Any] = {"review": decision.review.value, "expires": expires.isoformat(timespec="seconds")}
    # An alert that expired has closed none of them.
    closed = 0 if alert.state == State.EXPIRED else await sql.sightings.undecided(connection, alert_id)
    details |= {"sightings_open": closed} if closed else {}
    return Done(after=decision.state, details=details, halts=True)


async def _decided(connection: Connection, alert: LockedAlert, now: datetime) -> Decision:
    """Return the review; of an authority that was revoked, whatever it filed is as if nobody had signed it."""
    policy = await sql.lifecycle.hold_free(connection, alert.authority)
    if policy is None:
        return decide(Review.TWO_PERSON, 0, now, verified=False)
    return decide(Review(policy[0]), policy[1], now, verified=alert.verified)


async def _say_so(planner: Planner, connection: Connection, alert_id: UUID, alert: LockedAlert) -> None:
    """Add the update that the search goes on, for those who were notified that it is over."""
    version = alert.version + 1
    content = msgspec.json.encode(going_on(read_content(alert.content), alert.received_at)).decode()
    await sql.lifecycle.append_notice(connection, alert_id, version, Notice.UPDATE, content, reopens=True)
    await planner.add_follow_up(connection, alert_id, alert.status, Notice.UPDATE, version)
