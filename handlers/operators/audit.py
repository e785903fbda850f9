"""The audit trail and summaries, as administrators and viewers read them.

Bounded: `PAGE_EVENTS` events an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, cast

import msgspec
from msgspec import Meta

import sql.audit
import sql.progress
from handlers.alert_answers import Answer
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.requests import unknown_alert
from handlers.operators.scope import scope_of
from handlers.operators.watching.funnel import SummaryAnswer, summary_with_page
from push.alerts.record.summary import summarise
from sql.audit import AuditEvent, Link

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.http.route import Call
    from push.alerts.disclosure.people import Disclosure
    from sql.audit import Row
    from sql.database import Pool

PAGE_EVENTS: Final = 500
SEQ_MAX: Final = 10**18 - 1
"""More would not be a number of PostgreSQL's `bigint`."""


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """After which event of the trail the page begins."""

    after: Annotated[int, Meta(ge=0, le=SEQ_MAX)] = 0


class Recorded(Answer, frozen=True, kw_only=True):
    """An event; `digest` is the SHA-256 of `content`, byte for byte as it stands in the answer, in hexadecimal.

    `reason`: null where none was given, and once it is deleted with the child's data.
    """

    digest: str
    content: Link
    reason: str | None


class AuditPage(Answer, frozen=True, kw_only=True):
    """Events of the audit trail in order; `next` is the seq to go on after, null at the end."""

    events: list[Recorded]
    next: int | None


class Audit:
    """`GET /v1/audit` and `GET /v1/alerts/{id}/summary`."""

    def __init__(self, pool: Pool, disclosure: Disclosure) -> None:
        self._pool = pool
        self._disclosure = disclosure

    async def get_page(self, call: Call[None]) -> AuditPage | web.Response:
        """Return the events after `?after=SEQ`, in order; `next` is the seq to go on after, None at the end.

        That somebody read is the next event of the trail, which this page does not have.
        """
        if call.bearer.authority is not None:
            return problems.response(ProblemCode.OTHER_AUTHORITY, "the audit trail is of all authorities")
        query: AuditQuery = call.query
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await sql.audit.page(connection, query.after, PAGE_EVENTS)
            details = {"after": query.after, "events": len(rows)}
            await sql.audit.append(
                connection,
                AuditEvent(actor=call.actor.label, action="read trail", details=details, token=call.actor.token_id),
            )
        following = rows[-1].seq if len(rows) == PAGE_EVENTS else None
        return AuditPage(events=[recorded(row) for row in rows], next=following)

    async def get_summary(self, call: Call[None]) -> SummaryAnswer | web.Response:
        """Return what may be published of an alert."""
        if call.bearer.authority is not None:
            alerts = await sql.progress.list_alerts(self._pool, call.alert_id)
            if not alerts or not scope_of(call.bearer).shows(alerts[0]):
                return unknown_alert()
        summary = await summarise(self._pool, call.alert_id, self._disclosure)
        return await summary_with_page(self._pool, summary, self._disclosure) or unknown_alert()


def recorded(row: Row) -> Recorded:
    """Return an event with its digest and its reason, None once that is deleted.

    `content` stands byte for byte as it was hashed.
    """
    return Recorded(digest=row.digest.hex(), content=cast("Link", msgspec.Raw(row.content.encode())), reason=row.reason)
