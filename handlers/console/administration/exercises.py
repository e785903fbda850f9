"""Exercises: those that there are, whom they reach, and the form that starts one. They look like nothing else.

Bounded: `ALERTS_MAX` alerts are looked at, `AUTHORITIES_MAX` authorities offered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web

from handlers.alert_answers import FiledAnswer
from handlers.console.administration.forms import NOTHING, Failed, Form, done
from handlers.console.showing.forms import fields_of
from handlers.operators.administration.authorities import AuthoritiesQuery
from handlers.operators.alerts import AlertsQuery
from handlers.platform.enrolment import AllWithdrawn
from handlers.police.exercises import NewExercise, new_number
from push.notice import Status

if TYPE_CHECKING:
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.administration.authorities import AuthorityReads
    from handlers.operators.alerts import Alerts
    from handlers.platform.enrolment import Enrolment
    from handlers.police.exercises import Exercises

PAGE: Final = "/console/exercises"
ALERTS_MAX: Final = 200


class ExercisePages:
    """`/console/exercises`."""

    def __init__(
        self, alerts: Alerts, exercises: Exercises, enrolment: Enrolment, authorities: AuthorityReads, pages: Pages
    ) -> None:
        self._alerts = alerts
        self._enrolment = enrolment
        self._authorities = authorities
        self._pages = pages
        self._start = Form(NewExercise, exercises.post)
        self._withdrawal = Form(AllWithdrawn, enrolment.post_withdrawal)

    async def get(self, call: Call[None]) -> web.Response:
        """Show the exercises, and the forms."""
        return await self._page(call, NOTHING)

    async def post(self, call: Call[bytes]) -> web.StreamResponse:
        """Start an exercise."""
        result = await done(call, "start", fields_of(call.body), self._start)
        if isinstance(result, Failed):
            return await self._page(call, result)
        body = result.body if isinstance(result, web.Response) else None
        alert = msgspec.json.decode(body if isinstance(body, bytes) else b"{}", type=FiledAnswer).alert
        return web.Response(status=303, headers={"Location": f"/console/alerts/{alert.id}"})

    async def post_withdrawal(self, call: Call[bytes]) -> web.StreamResponse:
        """Withdraw everybody from exercises."""
        fields = fields_of(call.body)
        result = await done(call, "withdrawal", fields, self._withdrawal)
        return (
            await self._page(call, result)
            if isinstance(result, Failed)
            else web.Response(status=303, headers={"Location": f"{PAGE}?done=withdrawal"})
        )

    async def _page(self, call: Call[Any], failed: Failed) -> web.Response:
        listed = (await self._alerts.listed_for(call.bearer, AlertsQuery(limit=ALERTS_MAX))).alerts
        own = call.bearer.authority
        found = [] if own is not None else (await self._authorities.page(AuthoritiesQuery())).authorities
        return self._pages.page(
            call.request,
            "exercises.html",
            failed.status,
            alerts=[one for one in listed if one.status is Status.EXERCISE],
            enrolled=await self._enrolment.get_count(call),
            authorities=[one.id for one in found if one.revoked_at is None] if own is None else [own],
            number=failed.typed("start", "number", new_number()),
            failed=failed,
            done=call.request.query.get("done"),
        )
