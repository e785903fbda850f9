"""Whom an alert would reach if it were wider: what `POST /v1/estimates` answers for its place and policy.

Bounded as the estimates of the API are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from handlers.console.pages.actions import problem_of
from handlers.console.showing.forms import fields_of, read_form
from handlers.operators.alerts import AlertAnswer
from handlers.operators.estimates import Estimated, EstimateRequest

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.console.pages.actions import ActionPages
    from handlers.http.problems import FieldError
    from handlers.http.route import Call
    from handlers.operators.alerts import Alert, Alerts
    from handlers.operators.estimates import Estimates


class Wider(msgspec.Struct, frozen=True, kw_only=True):
    """A radius to ask about; other fields of the form are of no matter here."""

    radius_km: Annotated[float, Meta(gt=0, le=20_000)]


class WideningPage:
    """`POST /console/alerts/{id}/estimate`: the page on which an alert is widened, with the answer."""

    def __init__(self, alerts: Alerts, estimates: Estimates, actions: ActionPages) -> None:
        self._alerts = alerts
        self._estimates = estimates
        self._actions = actions

    async def post(self, call: Call[bytes]) -> web.StreamResponse:
        """Show how many people a radius would reach."""
        fields = fields_of(call.body)
        asked = read_form({name: value for name, value in fields.items() if name == "radius_km"}, Wider)
        answer = await self._alerts.get_one(call)
        if isinstance(asked, list) or not isinstance(answer, AlertAnswer) or answer.alert.area.circle is None:
            errors: list[FieldError] = asked if isinstance(asked, list) else []
            return await self._actions.page(call, "rings", fields, errors, None)
        wider = request_of(answer.alert, asked.radius_km)
        estimated = await self._estimates.post(call.with_body(msgspec.json.encode(wider)))
        if isinstance(estimated, Estimated):
            return await self._actions.page(call, "rings", fields, [], None, estimated=estimated)
        problem = problem_of(estimated)
        return await self._actions.page(call, "rings", fields, [], None, not_estimated=problem)


def request_of(alert: Alert, radius_km: float) -> EstimateRequest:
    """Return the question for the place, policy and authority of an alert."""
    circle = alert.area.circle
    return EstimateRequest(
        longitude=None if circle is None else circle.longitude,
        latitude=None if circle is None else circle.latitude,
        city=alert.area.city,
        policy=alert.policy,
        subject_kind=alert.subject_kind,
        radius_km=radius_km,
        authority=alert.authority,
    )
