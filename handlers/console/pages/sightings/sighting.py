"""One sighting: its words and photos, when and where that was, how far from the alert's place, and forms to decide it.

What is decided cannot be taken back, so no key decides: `j` and `k` go to the next one and the one before. Whoever
comes late is told who decided what. Bounded: `OTHERS_MAX` others to name as the same.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple

import msgspec
from aiohttp import web
from msgspec import Meta

import sql.police_events
import sql.sightings
import sql.triage
from geo.area import distance_km
from handlers.console.pages.actions import problem_of
from handlers.console.pages.alert import parts_of
from handlers.console.showing.forms import fields_of, read_form
from handlers.operators.alerts import AlertAnswer
from handlers.operators.sightings.answers import ShownSighting, SightingDecision
from public.sightings.decisions import SightingState

if TYPE_CHECKING:
    from uuid import UUID

    from handlers.alert_answers import Circle
    from handlers.console.showing.pages import Pages
    from handlers.http.problems import FieldError
    from handlers.http.route import Call
    from handlers.operators.alerts import Alerts
    from handlers.operators.sightings.answers import SightingPhoto
    from handlers.operators.sightings.sightings import SightingReports
    from sql.database import Pool
    from sql.sightings import SightingRow

OTHERS_MAX: Final = 20


class SightingQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In which order the next sighting is looked for."""

    order: Literal["newest", "nearest"] = "newest"
    done: Annotated[str, Meta(max_length=40)] = ""


class PlacedPhoto(NamedTuple):
    """A photo, and how far from the alert's place its camera says that it was taken, kilometres."""

    photo: SightingPhoto
    distance_km: float | None


class SightingPage:
    """`/console/alerts/{id}/sightings/{sighting}` and its form."""

    def __init__(self, pool: Pool, alerts: Alerts, reports: SightingReports, pages: Pages) -> None:
        self._pool = pool
        self._alerts = alerts
        self._reports = reports
        self._pages = pages

    async def get(self, call: Call[None]) -> web.Response:
        """Show one sighting."""
        return await self._page(call, {}, [], None)

    async def get_photo(self, call: Call[None]) -> web.Response:
        """Return the copy of a photo, as the API does."""
        return await self._reports.get_photo(call)

    async def post(self, call: Call[bytes]) -> web.StreamResponse:
        """Decide it, and go on to the next one."""
        fields = fields_of(call.body)
        order = sql.sightings.NEAREST if fields.pop("order", "") == sql.sightings.NEAREST else sql.sightings.NEWEST
        body = read_form(fields, SightingDecision)
        if isinstance(body, list):
            return await self._page(call, fields, body, None, order)
        answer = await self._reports.post_decision(call.with_body(body))
        if not isinstance(answer, ShownSighting):
            return await self._page(call, fields, [], answer, order)
        beside = await sql.triage.beside(self._pool, call.alert_id, answer.id, order)
        following = beside.after or beside.before
        address = f"/console/alerts/{call.alert_id}/sightings{'' if following is None else f'/{following}'}"
        return web.Response(status=303, headers={"Location": f"{address}?order={order}&done={body.decision.value}"})

    async def _page(
        self,
        call: Call[Any],
        fields: dict[str, str],
        errors: list[FieldError],
        refused: web.Response | None,
        order: str | None = None,
    ) -> web.Response:
        alert, shown = await self._alerts.get_one(call), await self._reports.get_one(call)
        if not isinstance(alert, AlertAnswer) or not isinstance(shown, ShownSighting):
            return self._pages.problem(call.request, 404, "problem.unknown_sighting")
        order = order or call.query.order
        status = 422 if errors else HTTPStatus.OK if refused is None else refused.status
        circle = alert.alert.area.circle
        return self._pages.page(
            call.request,
            "sightings/sighting.html",
            status,
            **parts_of(alert.alert),
            one=shown,
            photos=[PlacedPhoto(photo, _distance_km(circle, photo)) for photo in shown.photos],
            others=await self._others(call.alert_id, shown.id),
            beside=await sql.triage.beside(self._pool, call.alert_id, shown.id, order),
            order=order,
            has_endpoint=await sql.police_events.has_endpoint(self._pool, alert.alert.authority),
            done="" if call.query is None else call.query.done,
            fields=fields,
            errors={error.path.removeprefix("$."): error.detail for error in errors},
            problem=None if refused is None else problem_of(refused),
        )

    async def _others(self, alert_id: UUID, sighting: UUID) -> list[SightingRow]:
        """Return sightings of which one may be a duplicate: those passed on first; without their words."""
        rows: list[SightingRow] = []
        for state in (SightingState.PASSED, SightingState.NEW):
            rows += await sql.sightings.list_stacks(
                self._pool, alert_id, state.value, sql.sightings.NEWEST, 0, OTHERS_MAX
            )
        return [row for row in rows if row.id != sighting]


def _distance_km(circle: Circle | None, photo: SightingPhoto) -> float | None:
    if circle is None or photo.longitude is None or photo.latitude is None:
        return None
    return distance_km(circle.longitude, circle.latitude, photo.longitude, photo.latitude)
