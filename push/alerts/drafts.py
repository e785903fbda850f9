"""Files drafts, cases without a verifiable signature: they wait for two people, and cost the same whoever they are for.

Anybody may send one. So its sender learns nothing of the record: whether the authority exists, whether the number is
taken and whether there is room change neither the answer nor the statements that are sent; what has no place is rolled
back. The oldest draft on which no one has acted gives way to a new one, those of the same source first, and what is
signed needs none of this room. Bounded: `ROOM`.
"""

from __future__ import annotations

import hashlib
import hmac
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import msgspec

import sql.audit
import sql.filing
import sql.lifecycle
import sql.progress
import sql.sealed
from push.alerts.estimate import people_of
from push.alerts.filing import DRAFTS_MAX, Filing, alert_of, events_of
from push.alerts.lifecycle import Action, State
from push.alerts.review import Review, decide
from sql.audit import AuditEvent
from sql.filing import DraftRoom, NewCase, ReceiptRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from push.alerts.estimate import Estimate
    from push.alerts.filing import FilingService
    from push.alerts.planner import Planner
    from push.alerts.rings import Ring
    from sql.database import Connection, Pool
    from sql.progress import ListedAlert

NO_AUTHORITY: Final = ""
"""Stands for an authority that does not exist, which nothing is kept for."""

ROOM: Final = DraftRoom(waiting=DRAFTS_MAX, waiting_of_source=DRAFTS_MAX // 2, an_hour=120, an_hour_of_source=40)
"""People have to read those that wait; each that came stays in the record, some tens of kilobytes."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A draft to be filed: `answer` is what its sender gets, `source` the network it came from, None where unknown.

    `is_possible`: its authority exists and may reach the place; where not, nothing of it is kept.
    """

    filing: Filing
    source: str | None
    is_possible: bool
    answer: bytes
    answer_status: int


def draft_id(filing: Filing, secret: bytes) -> UUID:
    """Return the id that a draft's sender gets, and its alert where there is one: the same for the same document.

    It stays for ever, so `secret` keeps anybody from testing guesses of the document by it.
    """
    named = f"{filing.authority},{filing.webhook_id}".encode()
    return UUID(bytes=hmac.digest(secret, named, hashlib.sha256)[:16], version=4)


class Drafts:
    """Takes drafts, and unverified messages about alerts."""

    def __init__(self, pool: Pool, filing_service: FilingService) -> None:
        self._pool = pool
        self._service = filing_service

    async def file(self, draft: Draft) -> bool:
        """File a draft; False when there is no place for it, and nothing is stored."""
        planner, filing = self._service.planner, draft.filing
        received_at = await sql.progress.record_time(self._pool)
        rings = planner.rings(
            filing.policy, filing.place, received_at, last_seen_at=filing.last_seen_at, override=filing.override
        )
        sampled = await self._service.estimate(filing, rings)
        async with _kept_if_wanted(self._pool) as step:
            listed = await _add(step, planner, draft, received_at, rings, sampled)
        if step.is_kept:
            self._service.wake()
            planner.warn(listed, sampled)
        return step.is_kept

    async def note_message(self, alert_id: UUID | None, kind: str, why: str) -> None:
        """Note an unverified message about an alert (None: about nothing), for operators and in the trail, once."""
        async with _kept_if_wanted(self._pool) as step:
            about = alert_id or uuid4()
            step.is_kept = await sql.lifecycle.add_unverified(step.connection, about, f"{kind}: {why}")
            details = {"message": kind, "why": why}
            event = AuditEvent(actor="unverified sender", action="unverified message", alert=about, details=details)
            await sql.audit.append(step.connection, event)
        if step.is_kept:
            self._service.wake()


class _Step:
    """A transaction that is rolled back unless what it did is wanted."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.is_kept = False


@asynccontextmanager
async def _kept_if_wanted(pool: Pool) -> AsyncIterator[_Step]:
    async with pool.acquire() as connection:
        step, transaction = _Step(connection), connection.transaction()
        await transaction.start()
        try:
            yield step
        except BaseException:
            await transaction.rollback()
            raise
        await (transaction.commit() if step.is_kept else transaction.rollback())


async def _add(
    step: _Step,
    planner: Planner,
    draft: Draft,
    received_at: datetime,
    rings: list[Ring],
    sampled: Estimate | None,
) -> ListedAlert:
    """Add a draft, and find out whether it is to be kept; what is not has a number and an id that nothing else has."""
    connection, filing = step.connection, draft.filing
    ended = await _decide(step, draft)
    alert_id, number, receipt = draft_id(filing, planner.secret), filing.case_number, filing.webhook_id
    if not step.is_kept:
        alert_id = uuid4()
        number, receipt = f"{number} / {alert_id}", f"{receipt} / {alert_id}"
    authority = filing.authority if draft.is_possible else NO_AUTHORITY
    held = planner.over_cap(rings, sampled)
    review, grace_s = await sql.lifecycle.review_of(connection, authority)
    decision = decide(Review(review), grace_s, received_at, verified=False, held_for=filing.held_for)
    alert = alert_of(filing, received_at, sampled, planner.plan.links, decision, alert_id)
    new = NewCase(authority, number, filing.content_digest, filing.content)
    case_id = await sql.filing.add_alert(connection, new, alert)
    if filing.sealed is not None:
        await sql.sealed.put(connection, case_id, planner.sealing.seal(case_id, filing.sealed))
    await sql.filing.add_draft(connection, alert_id, draft.source)
    await planner.add_rings(connection, alert_id, filing.status, rings, people_of(sampled), held)
    answered = ReceiptRow(filing.body_digest, draft.answer_status, draft.answer)
    await sql.filing.add_receipt(connection, authority, receipt, answered, received_at)
    listed = (await sql.progress.list_alerts(connection, alert_id))[0]
    gone = [] if step.is_kept and ended is None else [_gave_way(ended or alert_id)]
    # The trail's lock is the last one of every transaction.
    await sql.audit.append(connection, *gone, *events_of(filing, alert, decision, held))
    return listed


async def _decide(step: _Step, draft: Draft) -> UUID | None:
    """Find out whether a draft is kept: new, under a number that is free or becomes so, and with room for it.

    Returns the draft that gave way to it.
    """
    connection, filing = step.connection, draft.filing
    authority = filing.authority if draft.is_possible else NO_AUTHORITY
    await sql.filing.lock_case(connection, authority, filing.case_number)
    await sql.filing.lock_drafts(connection, authority)
    again, case = await sql.filing.standing(connection, authority, filing.webhook_id, filing.case_number)
    ended, has_room = await sql.filing.make_room(connection, authority, draft.source, filing.case_number, ROOM)
    is_free = case is None or (case.alert_id == ended and case.content_digest != filing.content_digest)
    step.is_kept = draft.is_possible and again is None and has_room and is_free
    return ended


def _gave_way(alert_id: UUID) -> AuditEvent:
    return AuditEvent(
        actor="system",
        action=Action.CANCEL.value,
        alert=alert_id,
        before=State.IN_REVIEW.value,
        after=State.CANCELLED.value,
        details={"gave_way": "a newer draft has its place"},
    )
