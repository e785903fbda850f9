"""Filing: a checked case flows in, a committed alert with its rings and sweeps flows out, or the answer given before.

Case, alert, rings, sweeps, the first events of the audit trail and the webhook's receipt are one transaction: the
answer is given after it stands. What is signed takes the place of a draft under its number: anybody can send a draft.
Bounded: one alert a case number; `DRAFTS_MAX` unsigned ones that wait for review.
"""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import msgspec

import sql.audit
import sql.cap
import sql.filing
import sql.life
import sql.progress
import sql.work
from push.alerts.actions.actor import Actor
from push.alerts.enrolment import reachable
from push.alerts.lifecycle import Action, State
from push.alerts.review import Decision, Review, decide
from push.alerts.rings import Override
from push.fanout.areas import Place
from push.message.content import Content
from push.notice import DEADLINE, EXPIRY
from sql.audit import AuditEvent
from sql.cap import CapMessage
from sql.filing import AlertRow, ReceiptRow

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from push.alerts.estimate import Estimate
    from push.alerts.planner import Planner
    from push.alerts.rings import Ring
    from push.message.links import Links
    from sql.database import Connection, Pool
    from sql.progress import ListedAlert

HTTP_OK, HTTP_ACCEPTED, HTTP_CONFLICT, HTTP_TOO_MANY = 200, 202, 409, 429

DRAFTS_MAX: Final = 20
"""Unsigned cases of an authority that wait for review: anybody may send them, and people have to read each."""


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """A case whose fields and place are checked; `content` is the case as JSON text.

    `unverified`: why its signature is not believed, None when it is; such a case waits for two people, whatever the
    policy. `message`: the CAP message that it is.
    """

    authority: str
    actor: Actor
    unverified: str | None = None
    webhook_id: str
    body_digest: bytes
    case_number: str
    content_digest: bytes
    content: str
    status: str
    place: Place
    last_seen_at: datetime
    policy: str
    override: Override | None
    said: Content
    expires: datetime | None = None
    message: CapMessage | None = None

    @property
    def verified(self) -> bool:
        """Whether its signature is believed."""
        return self.unverified is None


class Filed(enum.Enum):
    """What became of a filing."""

    NEW = HTTP_ACCEPTED
    SAME_CASE = HTTP_OK
    OTHER_CONTENT = HTTP_CONFLICT
    TOO_MANY_DRAFTS = HTTP_TOO_MANY


class FilingService:
    """Takes filings."""

    def __init__(self, pool: Pool, planner: Planner, wake: Callable[[], None]) -> None:
        self._pool = pool
        self.planner = planner
        self.wake = wake

    async def file(self, filing: Filing, render: Callable[[Filed, ListedAlert | None], bytes]) -> ReceiptRow:
        """Commit a filing and return its answer; one of `sql.database.AWAY` when PostgreSQL is away, nothing stored."""
        before = await sql.filing.find_receipt(self._pool, filing.authority, filing.webhook_id)
        if before is not None:
            return before
        if not filing.verified and await sql.filing.drafts(self._pool, filing.authority) >= DRAFTS_MAX:
            # Asked again under the lock; until then a crowd of them costs no estimate.
            case = await sql.filing.find_case(self._pool, filing.authority, filing.case_number)
            if case is None:
                return ReceiptRow(filing.body_digest, Filed.TOO_MANY_DRAFTS.value, render(Filed.TOO_MANY_DRAFTS, None))
        received_at = datetime.now(UTC)
        rings = self.planner.rings(
            filing.policy, filing.place, received_at, last_seen_at=filing.last_seen_at, override=filing.override
        )
        sampled = await self._estimate(filing, rings)
        held = self.planner.over_cap(rings, sampled)
        async with self._pool.acquire() as connection, connection.transaction():
            await sql.filing.lock_case(connection, filing.authority, filing.case_number)
            # A retry of this very webhook may have been waiting for the same lock.
            again = await sql.filing.find_receipt(connection, filing.authority, filing.webhook_id)
            if again is not None:
                return again
            case = await sql.filing.find_case(connection, filing.authority, filing.case_number)
            superseded = None if case is None else await _superseded(connection, filing, case.alert_id)
            if case is not None and superseded is None:
                return await self._answer_standing(connection, filing, case, received_at, render)
            if not filing.verified and await _is_full(connection, filing.authority):
                refused = Filed.TOO_MANY_DRAFTS
                return ReceiptRow(filing.body_digest, refused.value, render(refused, None))
            review, grace_s = await sql.life.review_of(connection, filing.authority)
            decision = decide(Review(review), grace_s, received_at, verified=filing.verified)
            alert = _alert(filing, received_at, sampled, self.planner.plan.links, decision)
            case_id = await sql.filing.add_case(
                connection, filing.authority, filing.case_number, filing.content_digest, filing.content, received_at
            )
            await sql.filing.add_alert(connection, case_id, alert)
            await self.planner.add_rings(connection, alert.id, filing.status, rings, held)
            listed = (await sql.progress.list_alerts(connection, alert.id))[0]
            receipt = ReceiptRow(filing.body_digest, Filed.NEW.value, render(Filed.NEW, listed))
            await sql.filing.add_receipt(connection, filing.authority, filing.webhook_id, receipt, received_at)
            if filing.message and filing.verified:
                await sql.cap.note(connection, filing.authority, filing.message, alert.id)
            earlier = [] if superseded is None else [superseded]
            await sql.audit.append(connection, *earlier, *_events(filing, alert, decision, held))
        self.wake()
        self.planner.warn(listed, sampled)
        return receipt

    async def unverified_reason(self, alert_id: UUID, kind: str, why: str) -> None:
        """Note a message about an alert that nobody verifiably signed, for operators and in the audit trail, once."""
        async with self._pool.acquire() as connection, connection.transaction():
            if not await sql.life.unverified_reason(connection, alert_id, f"{kind}: {why}"):
                return
            event = AuditEvent(actor="nobody", action="mistrust", alert=alert_id, details={"message": kind, "why": why})
            await sql.audit.append(connection, event)
        self.wake()

    async def _estimate(self, filing: Filing, rings: list[Ring]) -> Estimate | None:
        """Estimate whom a case can reach: an exercise none but those who are enrolled."""
        people_max = await reachable(self._pool, filing.status)
        return await self.planner.estimate(filing.place, rings, filing.status, people_max)

    async def _answer_standing(
        self,
        connection: Connection,
        filing: Filing,
        case: sql.filing.CaseRow,
        received_at: datetime,
        render: Callable[[Filed, ListedAlert | None], bytes],
    ) -> ReceiptRow:
        if case.content_digest != filing.content_digest:
            return ReceiptRow(filing.body_digest, Filed.OTHER_CONTENT.value, render(Filed.OTHER_CONTENT, None))
        await sql.filing.hold(connection, case.alert_id)
        listed = (await sql.progress.list_alerts(connection, case.alert_id))[0]
        receipt = ReceiptRow(filing.body_digest, Filed.SAME_CASE.value, render(Filed.SAME_CASE, listed))
        await sql.filing.add_receipt(connection, filing.authority, filing.webhook_id, receipt, received_at)
        return receipt


async def _is_full(connection: Connection, authority: str) -> bool:
    """Tell whether no further draft fits; the caller's transaction adds one before another is counted."""
    await sql.filing.lock_drafts(connection, authority)
    return await sql.filing.drafts(connection, authority) >= DRAFTS_MAX


async def _superseded(connection: Connection, filing: Filing, standing: UUID) -> AuditEvent | None:
    """Take the number of a signed case off the draft that has it, so that no stranger's can keep it out.

    Returns the event of that; None when the number stays where it is.
    """
    state = await sql.filing.supersede(connection, standing) if filing.verified else None
    if state is None:
        return None
    waited = state == State.IN_REVIEW
    return AuditEvent(
        actor="system",
        action=Action.CANCEL.value if waited else "supersede",
        alert=standing,
        before=state if waited else None,
        after=State.CANCELLED.value if waited else None,
        details={"superseded": "a signed case has this number"},
    )


def _events(filing: Filing, alert: AlertRow, decision: Decision, held: set[int]) -> tuple[AuditEvent, AuditEvent]:
    """Return what the audit trail keeps of a new alert: who filed it, what is held, where it went from there."""
    details: dict[str, Any] = {"case_number": filing.case_number, "status": filing.status, "verified": filing.verified}
    if held:
        details["held"] = sorted(held)
    filed = AuditEvent(
        actor=filing.actor.label, action="file", alert=alert.id, after=State.RECEIVED.value, details=details
    )
    sent_on = AuditEvent(
        actor="system",
        action=decision.action.value,
        alert=alert.id,
        before=State.RECEIVED.value,
        after=decision.state.value,
        details={"review": decision.review.value},
    )
    return filed, sent_on


def _alert(
    filing: Filing, received_at: datetime, sampled: Estimate | None, links: Links, decision: Decision
) -> AlertRow:
    place, alert_id = filing.place, uuid4()
    boundary, jurisdiction = place.dumped()
    latest = received_at + EXPIRY
    return AlertRow(
        id=alert_id,
        status=filing.status,
        received_at=received_at,
        deadline=received_at + DEADLINE,
        expires=latest if filing.expires is None else min(latest, filing.expires),
        longitude=place.longitude,
        latitude=place.latitude,
        city=place.city,
        city_polygon=boundary,
        jurisdiction=jurisdiction,
        policy=filing.policy,
        content=msgspec.json.encode(links.put_in(filing.said, alert_id)).decode(),
        estimate=None if sampled is None else msgspec.json.encode(sampled).decode(),
        state=decision.state.value,
        review=decision.review.value,
        send_at=decision.send_at,
        unverified=filing.unverified,
    )
