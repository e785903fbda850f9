"""The alarms: what stands in any process, what it means and what to do, who has it; and the form that takes one.

Bounded by `push.shared_alarms`.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads it
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from handlers.console.pages.actions import problem_of
from handlers.console.showing.attention import Attention
from handlers.console.showing.forms import fields_of, read_form
from handlers.http.responses import json_response
from handlers.operators.alarms.answers import Acknowledge
from runtime.clock import record_now

if TYPE_CHECKING:
    from handlers.console.showing.pages import Pages
    from handlers.http.problems import Problem
    from handlers.http.route import Call
    from handlers.operators.alarms.alarms import Alarms


class AttentionNow(Attention, frozen=True, kw_only=True):
    """What calls for attention, at which time of the server."""

    now: datetime


class AlarmsPage:
    """`/console/alarms`, its part and its form, and `/console/attention`."""

    def __init__(self, alarms: Alarms, pages: Pages) -> None:
        self._alarms = alarms
        self._pages = pages

    async def get(self, call: Call[None]) -> web.Response:
        """Show the page."""
        return self._page(call, "alarms.html")

    async def get_part(self, call: Call[None]) -> web.Response:
        """Show the list alone."""
        return self._page(call, "parts/alarms.html")

    async def get_attention(self, call: Call[None]) -> web.Response:
        """Return what calls for attention, as JSON."""
        attention = self._pages.attention(call.bearer)
        return json_response(AttentionNow(**msgspec.structs.asdict(attention), now=record_now()))

    async def post(self, call: Call[bytes]) -> web.StreamResponse:
        """Take an alarm."""
        fields = fields_of(call.body)
        body = read_form(fields, Acknowledge)
        if isinstance(body, list):
            return self._page(call, "alarms.html", 422, fields=fields, refused=body[0].detail)
        answer = await self._alarms.post_acknowledgement(call.with_body(body))
        if isinstance(answer, web.Response):
            return self._page(call, "alarms.html", answer.status, fields=fields, problem=problem_of(answer))
        return web.Response(status=303, headers={"Location": f"/console/alarms#alarm-{call.alert_id}"})

    def _page(
        self,
        call: Call[Any],
        template: str,
        status: int = 200,
        *,
        fields: dict[str, str] | None = None,
        problem: Problem | None = None,
        refused: str | None = None,
    ) -> web.Response:
        """Show what stands; of a form that was refused, with what was typed and why."""
        answer = self._alarms.listed_for(call.bearer)
        return self._pages.page(
            call.request,
            template,
            status,
            answer=answer,
            fields=fields or {},
            typed_for=None if fields is None else call.alert_id,
            problem=problem,
            refused=refused,
        )
