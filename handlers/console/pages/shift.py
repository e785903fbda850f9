"""The start of a shift: who is signed in, the clocks, and the alarm, heard once; that it began is in the trail.

Bounded: one event a form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

import sql.audit
from handlers.console.showing.attention import SOUNDS
from handlers.console.showing.forms import fields_of
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from sql.database import Pool

HEARD: Final = "heard"


class Shift:
    """`/console/shift`."""

    def __init__(self, pool: Pool, pages: Pages) -> None:
        self._pool = pool
        self._pages = pages

    async def get(self, call: Call[None]) -> web.Response:
        """Show the page."""
        begun = call.request.query.get("begun") is not None
        return self._pages.page(call.request, "shift.html", sounds=SOUNDS, begun=begun)

    async def post(self, call: Call[bytes]) -> web.StreamResponse:
        """Record that a shift began, and whether the alarm was heard."""
        details = {"alarm": HEARD if fields_of(call.body).get("alarm") == HEARD else "not heard"}
        event = AuditEvent(actor=call.actor.label, action="shift started", details=details, token=call.bearer.token_id)
        async with self._pool.acquire() as connection, connection.transaction():
            await sql.audit.append(connection, event)
        return web.Response(status=303, headers={"Location": "/console/shift?begun="})
