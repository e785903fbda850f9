"""The trail of one alert for operators: who did what, when and why, and whether the record still says what was written.

The chain is verified from the alert's first event to the newest one of all, so that a changed, moved or missing event
is seen, whichever it is. Whether the last ones of all were taken away, only an anchor shows (`qq-alert audit verify`).
Reasons may name the child: only who may read what is sealed of the case gets them. Who reads is recorded. An officer
reads the trail of alerts of the own authority only. Bounded: `PAGE_EVENTS` an answer, `SPAN_MAX` events verified.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta

import sql.audit
import sql.progress
from handlers.alert_answers import Answer
from handlers.http.requests import unknown_alert
from handlers.operators.audit import SEQ_MAX
from handlers.operators.scope import scope_of
from push.alerts.lifecycle import State
from push.alerts.record.audit import verify_since
from runtime.decoding import DECODE_ERRORS
from sql.audit import AuditEvent, Link

if TYPE_CHECKING:
    from uuid import UUID

    from aiohttp import web

    from handlers.http.route import Call
    from sql.audit import Row
    from sql.database import Connection, Pool

PAGE_EVENTS: Final = 200
SPAN_MAX: Final = 20_000
"""Some weeks of a busy desk, verified in less than a second, a page at a time."""


NEWEST_MAX: Final = 50
"""Those who read it are in the trail, too."""


class TrailQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """After which event of the trail the page begins."""

    after: Annotated[int, Meta(ge=0, le=SEQ_MAX)] = 0


class TrailEvent(Answer, frozen=True, kw_only=True):
    """One event: who did what; `reason` null where none was given, it is deleted, or the reader may not see it.

    `is_readable` false: what stands in the record is no event any more.
    """

    seq: int
    is_readable: bool
    at: datetime | None
    actor: str
    action: str
    before: str | None
    after: str | None
    reason: str | None
    reason_withheld: bool
    details: dict[str, Any]


class TrailFault(Answer, frozen=True, kw_only=True):
    """The first event that is not what was written, and what is wrong with it."""

    seq: int
    what: str


class Verification(Answer, frozen=True, kw_only=True):
    """Whether the chain holds from `first` to `last`; `is_complete` false: more came later than is verified at once.

    `head`: the digest (hexadecimal) of `last`.
    """

    is_intact: bool
    is_complete: bool
    first: int
    last: int
    head: str
    fault: TrailFault | None


class TrailAnswer(Answer, frozen=True, kw_only=True):
    """Events of an alert in order; `next` is the seq to go on after, null at the end."""

    events: list[TrailEvent]
    next: int | None
    verification: Verification


class AlertTrail:
    """`GET /v1/alerts/{id}/trail`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, call: Call[Any]) -> TrailAnswer | web.Response:
        """Return a page of the trail, and how the chain stands."""
        query: TrailQuery = call.query
        async with self._pool.acquire() as connection:
            alerts = await sql.progress.list_alerts(connection, call.alert_id)
            scope = scope_of(call.bearer)
            if not alerts or not scope.shows(alerts[0]):
                return unknown_alert()
            verification = await self._verified(connection, call.alert_id)
            rows = await sql.audit.of_alert(connection, call.alert_id, query.after, PAGE_EVENTS)
            async with connection.transaction():
                details = {"after": query.after, "events": len(rows)}
                event = AuditEvent(
                    actor=call.actor.label,
                    action="read alert trail",
                    alert=call.alert_id,
                    details=details,
                    token=call.actor.token_id,
                )
                await sql.audit.append(connection, event)
        unseals = scope.unseals(alerts[0])
        return TrailAnswer(
            events=[_event(row, unseals=unseals) for row in rows],
            next=rows[-1].seq if len(rows) == PAGE_EVENTS else None,
            verification=verification,
        )

    async def newest(self, alert_id: UUID) -> TrailEvent | None:
        """Return who changed an alert last, and how; None where that is not among its `NEWEST_MAX` newest events."""
        rows = await sql.audit.newest_of_alert(self._pool, alert_id, NEWEST_MAX)
        events = [_event(row, unseals=False) for row in rows]
        return next((one for one in events if one.after is not None), None)

    async def _verified(self, connection: Connection, alert_id: UUID) -> Verification:
        first = await sql.audit.of_alert(connection, alert_id, 0, 1)
        if not first:
            missing = TrailFault(seq=0, what="it has no event")
            return Verification(is_intact=False, is_complete=True, first=0, last=0, head="", fault=missing)
        trail = await verify_since(connection, first[0].seq, SPAN_MAX)
        fault = None if trail.fault is None else TrailFault(seq=trail.fault.seq, what=trail.fault.what)
        if fault is None and not _is_filing(first[0]):
            fault = TrailFault(seq=first[0].seq, what="it is the first one, and not that the case was filed")
        return Verification(
            is_intact=fault is None,
            is_complete=trail.is_complete,
            first=first[0].seq,
            last=trail.events,
            head=trail.head,
            fault=fault,
        )


def _is_filing(row: Row) -> bool:
    """Tell whether an event is the first one of an alert."""
    return msgspec.json.decode(row.content, type=Link).event.after == State.RECEIVED


def _event(row: Row, *, unseals: bool) -> TrailEvent:
    try:
        link = msgspec.json.decode(row.content, type=Link)
    except DECODE_ERRORS:
        return TrailEvent(
            seq=row.seq,
            is_readable=False,
            at=None,
            actor="",
            action="",
            before=None,
            after=None,
            reason=None,
            reason_withheld=False,
            details={},
        )
    event = link.event
    return TrailEvent(
        seq=row.seq,
        is_readable=True,
        at=link.at,
        actor=event.actor,
        action=event.action,
        before=event.before,
        after=event.after,
        reason=row.reason if unseals else None,
        reason_withheld=not unseals and row.reason is not None,
        details=event.details,
    )
