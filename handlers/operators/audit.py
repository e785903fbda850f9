"""The audit trail and summaries over HTTP: a request flows in, a page of events or what may be published flows out.

Bounded: `PAGE_EVENTS` events an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

import sql.audit
from handlers.http import problems
from handlers.http.requests import alert_of, no_alert
from handlers.http.responses import answer_json
from push.alerts.record.summary import summarise

if TYPE_CHECKING:
    from aiohttp import web

    from sql.audit import Row
    from sql.database import Pool

PAGE_EVENTS: Final = 500
SEQ_DIGITS: Final = 18
"""More would not be a number of PostgreSQL's `bigint`."""


class Audit:
    """`GET /v1/audit` and `GET /v1/alerts/{id}/summary`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get_page(self, request: web.Request) -> web.Response:
        """Return the events after `?after=SEQ`, in order; `next` is the seq to go on after, None at the end."""
        after = request.query.get("after", "0")
        if not (after.isascii() and after.isdigit()) or len(after) > SEQ_DIGITS:
            return problems.response(422, "after is the seq of an event, a number")
        rows = await sql.audit.page(self._pool, int(after), PAGE_EVENTS)
        following = rows[-1].seq if len(rows) == PAGE_EVENTS else None
        return answer_json({"events": [recorded(row) for row in rows], "next": following})

    async def get_summary(self, request: web.Request) -> web.Response:
        """Return what may be published of an alert."""
        alert_id = alert_of(request)
        if alert_id is None:
            return no_alert()
        summary = await summarise(self._pool, alert_id)
        return no_alert() if summary is None else answer_json(summary)


def recorded(row: Row) -> dict[str, Any]:
    """Return an event with its digest and its reason, None once that is deleted.

    `content` stands byte for byte as it was hashed.
    """
    return {"digest": row.digest.hex(), "content": msgspec.Raw(row.content.encode()), "reason": row.reason}
