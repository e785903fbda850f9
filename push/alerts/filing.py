"""Files a checked case: commits its alert with rings and sweeps, or says what stands in its way.

Case, alert, rings, sweeps, the first events of the audit trail and the webhook's receipt are one transaction: the
answer is given after it stands. What is signed takes the place of a draft under its number: anybody can send a draft.
Bounded: one alert a case number. What is not signed has bounds of its own, in `push.alerts.drafts`.
"""

from __future__ import annotations

import enum
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import msgspec

import sql.audit
import sql.cap
import sql.filing
import sql.photos
import sql.progress
import sql.sealed
import sql.work
from push.alerts.actions.actor import Actor
from push.alerts.actions.revocation import hold_filer
from push.alerts.enrolment import reachable
from push.alerts.estimate import people_of
from push.alerts.lifecycle import OVER, Action, State
from push.alerts.places.moves import Moves, moved
from push.alerts.review import Decision, Review, decide
from push.alerts.rings import Override
from push.fanout.areas import Place
from push.message.content import Content
from push.notice import DEADLINE, EXPIRY, SubjectKind
from sql.audit import AuditEvent
from sql.cap import CapMessage
from sql.filing import AlertRow, NewCase, ReceiptRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from uuid import UUID

    from push.alerts.estimate import Estimate
    from push.alerts.planner import Planner
    from push.alerts.rings import Ring
    from push.fanout.precedence import Precedence
    from push.message.links import AlertLinks
    from sql.database import Connection, Pool
    from sql.progress import ListedAlert

DRAFTS_MAX: Final = 20
"""Unverified drafts of an authority that wait for review: anybody may send them, and people have to read each."""


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """A case whose fields and place are checked; `content` is the case as JSON text.

    `unverified`: why its signature is not believed, None when it is; such a case goes to `push.alerts.drafts`.
    `message`: the CAP message that it is. `last_seen_at`: when the child was at `place`. `sealed`: what only those read
    who judge it, JSON text, None where there is nothing; it is stored encrypted. `held_for`: why what it rests on holds
    it (`push.alerts.review.HeldFor`). `photo`: as it was sent with the case, still to be made.
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
    message_content: Content
    moves: Moves = Moves()
    expires: datetime | None = None
    message: CapMessage | None = None
    subject_kind: SubjectKind = SubjectKind.CHILD
    sealed: bytes | None = None
    held_for: tuple[str, ...] = ()
    photo: bytes | None = None

    @property
    def verified(self) -> bool:
        """Whether its signature is believed."""
        return self.unverified is None

    @property
    def certificate(self) -> str | None:
        """The certificate that it is believed for, None where the webhook's signature is, or nothing."""
        return self.message.certificate if self.message and self.verified else None


class Filed(enum.Enum):
    """What became of a filing."""

    NEW = "new"
    SAME_CASE = "same case"
    OTHER_CONTENT = "other content"
    OVER = "over"
    DELETED = "deleted"
    ANSWERED_BEFORE = "answered before"
    REVOKED = "revoked"


class FilingResult:
    """What became of a filing: the alert that stands, or the answer that its webhook was given `earlier`.

    What is kept as its answer is committed together with what was filed.
    """

    def __init__(
        self,
        filed: Filed,
        alert: ListedAlert | None = None,
        *,
        earlier: ReceiptRow | None = None,
        events: Sequence[AuditEvent] = (),
    ) -> None:
        self.filed = filed
        self.alert = alert
        self.earlier = earlier
        self.events = events
        self.answer: tuple[int, bytes] | None = None

    def keep(self, status: int, body: bytes) -> None:
        """Keep the answer, so that a retry of the same webhook gets it again."""
        self.answer = status, body


class FilingService:
    """Takes filings."""

    def __init__(self, pool: Pool, planner: Planner, wake: Callable[[], None], precedence: Precedence) -> None:
        self._pool = pool
        self._precedence = precedence
        self.planner = planner
        self.wake = wake

    @asynccontextmanager
    async def file(self, filing: Filing) -> AsyncIterator[FilingResult]:
        """File a case: what became of it is committed when the block ends, together with the answer kept in it.

        One of `sql.database.UNAVAILABLE_ERRORS` when PostgreSQL is away: nothing is stored.
        """
        with self._precedence.deciding() if filing.verified else nullcontext():
            async with self._filed(filing) as result:
                yield result

    @asynccontextmanager
    async def _filed(self, filing: Filing) -> AsyncIterator[FilingResult]:
        received_at, before = await sql.filing.before(self._pool, filing.authority, filing.webhook_id)
        if before is not None:
            yield FilingResult(Filed.ANSWERED_BEFORE, earlier=before)
            return
        rings = self.planner.rings(
            filing.policy, filing.place, received_at, last_seen_at=filing.last_seen_at, override=filing.override
        )
        rings = moved(rings, filing, received_at, self.planner.plan.radius_cap_km)
        sampled = await self.estimate(filing, rings)
        async with self._pool.acquire() as connection, connection.transaction():
            result = await self._file(connection, filing, received_at, rings, sampled)
            yield result
            if result.answer is not None:
                receipt = ReceiptRow(filing.body_digest, *result.answer)
                await sql.filing.add_receipt(connection, filing.authority, filing.webhook_id, receipt, received_at)
            # The trail's lock is the last one of every transaction.
            await sql.audit.append(connection, *result.events)
        if result.filed is Filed.NEW and result.alert is not None:
            self.wake()
            self.planner.warn(result.alert, sampled)

    async def _file(
        self, connection: Connection, filing: Filing, received_at: datetime, rings: list[Ring], sampled: Estimate | None
    ) -> FilingResult:
        """Add a case with its alert, or return what stands in its way, within the caller's transaction."""
        await sql.filing.lock_case(connection, filing.authority, filing.case_number)
        if (policy := await hold_filer(connection, filing.authority, filing.certificate)) is None:
            return FilingResult(Filed.REVOKED)
        again, case = await sql.filing.standing(connection, filing.authority, filing.webhook_id, filing.case_number)
        if again is not None:
            # A retry of this very webhook may have been waiting for the same lock.
            return FilingResult(Filed.ANSWERED_BEFORE, earlier=again)
        superseded = None if case is None else await _superseded(connection, case.alert_id)
        if case is not None and superseded is None:
            return await self._standing(connection, filing, case)
        held = self.planner.over_cap(rings, sampled)
        decision = decide(Review(policy[0]), policy[1], received_at, verified=filing.verified, held_for=filing.held_for)
        alert = alert_of(filing, received_at, sampled, self.planner.plan.links, decision)
        new = NewCase(filing.authority, filing.case_number, filing.content_digest, filing.content)
        case_id = await sql.filing.add_alert(connection, new, alert)
        if filing.photo is not None:
            await sql.photos.give(connection, alert.id, filing.photo)
        if filing.sealed is not None:
            await sql.sealed.put(connection, case_id, self.planner.sealing.seal(case_id, filing.sealed))
        await self.planner.add_rings(connection, alert.id, filing.status, rings, people_of(sampled), held)
        if filing.message is not None:
            await sql.cap.note(connection, filing.authority, filing.message, alert.id)
        earlier = [] if superseded is None else [superseded]
        listed = (await sql.progress.list_alerts(connection, alert.id))[0]
        return FilingResult(Filed.NEW, listed, events=[*earlier, *events_of(filing, alert, decision, held)])

    async def _standing(self, connection: Connection, filing: Filing, case: sql.filing.CaseRow) -> FilingResult:
        """Return the alert that stands for a case number, or that it stands for another case, or is over."""
        await sql.filing.hold(connection, case.alert_id)
        listed = (await sql.progress.list_alerts(connection, case.alert_id))[0]
        if (state := State(listed.state)) in OVER:
            # To answer that it stands would leave the police believing that people are notified.
            return FilingResult(Filed.DELETED if state is State.CLOSED else Filed.OVER)
        sealed = await sql.sealed.read(connection, case.alert_id)
        opened = None if sealed is None else self.planner.sealing.open(sealed.case_id, sealed.ciphertext)
        # What no key opens is not known to be the same.
        is_same = filing.sealed is None if sealed is None else opened is not None and opened == filing.sealed
        if case.content_digest != filing.content_digest or not is_same:
            return FilingResult(Filed.OTHER_CONTENT)
        return FilingResult(Filed.SAME_CASE, listed)

    async def estimate(self, filing: Filing, rings: list[Ring]) -> Estimate | None:
        """Estimate whom a case can reach: an exercise none but those who are enrolled."""
        people_max = await reachable(self._pool, filing.status)
        subject = filing.message_content.subject_kind
        return await self.planner.estimate(filing.place, rings, filing.status, people_max, subject)


async def _superseded(connection: Connection, standing: UUID) -> AuditEvent | None:
    """Take the number of a signed case off the draft that has it, so that no unsigned draft can keep it out.

    Returns the event of that; None when the number stays where it is.
    """
    state = await sql.filing.supersede(connection, standing)
    if state is None:
        return None
    details = {"superseded": "a signed case has this number"}
    if state != State.IN_REVIEW:
        return AuditEvent(actor="system", action="supersede", alert=standing, details=details)
    cancel, after = Action.CANCEL.value, State.CANCELLED.value
    return AuditEvent(actor="system", action=cancel, alert=standing, before=state, after=after, details=details)


def events_of(filing: Filing, alert: AlertRow, decision: Decision, held: set[int]) -> tuple[AuditEvent, AuditEvent]:
    """Return what the audit trail keeps of a new alert: who filed it, what is held, where it went from there."""
    details: dict[str, Any] = {"case_number": filing.case_number, "status": filing.status, "verified": filing.verified}
    if held:
        details["held"] = sorted(held)
    filed = AuditEvent(
        actor=filing.actor.label, action="file", alert=alert.id, after=State.RECEIVED.value, details=details
    )
    reviewed: dict[str, Any] = {"review": decision.review.value}
    if filing.held_for:
        reviewed["held_for"] = sorted(filing.held_for)
    sent_on = AuditEvent(
        actor="system",
        action=decision.action.value,
        alert=alert.id,
        before=State.RECEIVED.value,
        after=decision.state.value,
        details=reviewed,
    )
    return filed, sent_on


def alert_of(
    filing: Filing,
    received_at: datetime,
    sampled: Estimate | None,
    links: AlertLinks,
    decision: Decision,
    alert_id: UUID | None = None,
) -> AlertRow:
    """Return the alert that a filing becomes; `alert_id`: its id where that is known before."""
    place, alert_id = filing.place, alert_id or uuid4()
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
        content=msgspec.json.encode(links.put_in(filing.message_content, alert_id)).decode(),
        estimate=None if sampled is None else msgspec.json.encode(sampled).decode(),
        state=decision.state.value,
        review=decision.review.value,
        send_at=decision.send_at,
        unverified=filing.unverified,
        subject_kind=filing.subject_kind.value,
        held_for=list(filing.held_for),
    )
