"""The preview over HTTP: an alert's id flows in, what its phones would say flows out, and that it was read is recorded.

It says which revision it shows, as an approval has to. It shows the child's data, which nothing else does: so who read
it is in the audit trail. Bounded by the alert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql.audit
import sql.life
import sql.progress
from handlers.alert_answers import alert_json
from handlers.http.requests import actor_of, alert_of, no_alert
from handlers.http.responses import answer_json
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import TypeAlias
    from uuid import UUID

    from aiohttp import web

    from push.alerts.preview import Previews
    from sql.database import Pool

    Render: TypeAlias = Callable[[UUID, str, str, datetime, str | None], Previews]
    """What phones would show of an alert: its id, content (JSON text), status, end, what is proposed (JSON text)."""


class Preview:
    """`GET /v1/alerts/{id}/preview`."""

    def __init__(self, pool: Pool, render: Render) -> None:
        self._pool = pool
        self._render = render

    async def get(self, request: web.Request) -> web.Response:
        """Show what phones would say."""
        alert_id = alert_of(request)
        if alert_id is None:
            return no_alert()
        async with self._pool.acquire() as connection, connection.transaction():
            said = await sql.life.said_by(connection, alert_id)
            if said is None:
                return no_alert()
            proposal = await sql.life.proposal_of(connection, alert_id)
            listed = (await sql.progress.list_alerts(connection, alert_id))[0]
            event = AuditEvent(actor=actor_of(request).label, action="read", alert=alert_id)
            await sql.audit.append(connection, event)
        requested = None if proposal is None else proposal.change_request
        content = {
            "alert": alert_json(listed),
            "reasons": {
                "rings": {ring.ring: ring.reason for ring in listed.rings if ring.reason},
                "proposal": None if listed.proposal is None else listed.proposal.reason,
            },
            "notices": self._render(alert_id, *said, requested),
        }
        return answer_json(content)
