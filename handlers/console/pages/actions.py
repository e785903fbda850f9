"""Actions on an alert from the console's forms: each is what the API does, a refusal is shown beside what was typed.

What cannot be taken back has a page of its own, which shows the exact words that people will get, and asks for the case
number. Bounded: a form by `FORM_BYTES`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from aiohttp import web

import sql.sightings
from handlers.console.pages.alert import parts_of
from handlers.console.showing.forms import fields_of, read_form
from handlers.http.problems import FieldError, Problem
from handlers.operators.actions import Confirmed, Extension, Found, Reasoned, Release, Widening
from handlers.operators.alerts import AlertAnswer
from handlers.operators.scope import scope_of
from public.sightings.decisions import SightingState
from push.alerts.record.contents import UnreadableAlertError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.actions import AlertActions
    from handlers.operators.alerts import Alert, Alerts
    from handlers.operators.estimates import Estimated
    from handlers.operators.preview import Preview
    from handlers.operators.watching.trail import AlertTrail, TrailEvent
    from sql.database import Pool


ENDINGS: Final = frozenset({"cancel", "found"})
"""Actions that close what nobody has decided of the sightings."""


class Form(NamedTuple):
    """What an action asks for, what does it, and of which notice its page shows the words."""

    kind: type[msgspec.Struct]
    do: Callable[[Call[Any]], Awaitable[AlertAnswer | web.Response]]
    notice: str | None = None


class ActionPages:
    """`/console/alerts/{id}/ACTION`."""

    def __init__(
        self,
        pool: Pool,
        alerts: Alerts,
        actions: AlertActions,
        preview: Preview,
        pages: Pages,
        trail: AlertTrail,
        radius_cap_km: float,
    ) -> None:
        """`radius_cap_km`: beyond it nobody widens an alert, kilometres."""
        self._pool = pool
        self._alerts = alerts
        self._radius_cap_km = radius_cap_km
        self._preview = preview
        self._trail = trail
        self._pages = pages
        self.forms: Final = {
            "pause": Form(Reasoned, actions.post_pause),
            "veto": Form(Reasoned, actions.post_veto),
            "resume": Form(Confirmed, actions.post_resume),
            "cancel": Form(Confirmed, actions.post_cancel, "cancel"),
            "found": Form(Found, actions.post_found, "found"),
            "reopen": Form(Confirmed, actions.post_reopen),
            "release": Form(Release, actions.post_release),
            "rings": Form(Widening, actions.post_ring),
            "extension": Form(Extension, actions.post_extension),
        }

    async def get(self, call: Call[None]) -> web.Response:
        """Show the page of the action that the path ends with."""
        return await self.page(call, _named(call), {}, [], None)

    async def post(self, call: Call[bytes]) -> web.StreamResponse:
        """Do the action that the path ends with."""
        name, fields = _named(call), fields_of(call.body)
        form = self.forms[name]
        body = read_form(fields, form.kind)
        if isinstance(body, list):
            return await self.page(call, name, fields, body, None)
        answer = await form.do(call.with_body(body))
        if isinstance(answer, AlertAnswer):
            return web.Response(status=303, headers={"Location": f"/console/alerts/{call.alert_id}?done={name}"})
        return await self.page(call, name, fields, [], answer)

    async def page(
        self,
        call: Call[Any],
        name: str,
        fields: dict[str, str],
        errors: list[FieldError],
        refused: web.Response | None,
        *,
        estimated: Estimated | None = None,
        not_estimated: Problem | None = None,
    ) -> web.Response:
        """Show an action's form with what was typed, why it was not done, and what was estimated of it."""
        answer = await self._alerts.get_one(call)
        if not isinstance(answer, AlertAnswer):
            return self._pages.problem(call.request, 404, "problem.unknown_alert")
        texts = await self._texts(call, self.forms[name].notice)
        status = 200 if not errors and refused is None else 422 if refused is None else refused.status
        return self._pages.page(
            call.request,
            f"actions/{name}.html",
            status,
            **parts_of(answer.alert),
            name=name,
            fields=fields,
            errors={error.path.removeprefix("$."): error.detail for error in errors},
            problem=None if refused is None else problem_of(refused),
            changed_by=await changed_by(self._trail, call, refused),
            texts=texts,
            radius_cap_km=self._radius_cap_km,
            unread=await self._unread(call, answer.alert) if name in ENDINGS else 0,
            estimated=estimated,
            not_estimated=not_estimated,
        )

    async def _texts(self, call: Call[Any], notice: str | None) -> dict[str, Any] | None:
        """Return the words of a notice; none where nobody can read them, since an alert is ended whatever it says."""
        if notice is None:
            return None
        try:
            shown = await self._preview.get(call)
        except UnreadableAlertError:
            return None
        return None if isinstance(shown, web.Response) else shown.notices.get(notice)

    async def _unread(self, call: Call[Any], alert: Alert) -> int:
        """Return how many sightings nobody has decided; zero for who may not read them."""
        if not scope_of(call.bearer).has(alert.authority, *alert.countersigned):
            return 0
        return (await sql.sightings.counts(self._pool, alert.id)).get(SightingState.NEW.value, 0)


def _named(call: Call[Any]) -> str:
    """Return which action a path ends with; each has a route of its own."""
    return call.request.path.rpartition("/")[2]


async def changed_by(trail: AlertTrail, call: Call[Any], refused: web.Response | None) -> TrailEvent | None:
    """Return who changed an alert last, where that is why an action was refused."""
    return None if refused is None or refused.status != HTTPStatus.CONFLICT else await trail.newest(call.alert_id)


def problem_of(answer: web.Response) -> Problem:
    """Return the problem that an answer of the API is."""
    body = answer.body
    return msgspec.json.decode(body if isinstance(body, bytes) else b"{}", type=Problem)
