"""Estimates whom an alert at a place would reach, and when.

Nothing is stored or sent. Bounded: `BODY_BYTES`; the estimate itself by `push.alerts.estimate`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

import sql.access
from geo.crs import Crs
from handlers.alert_answers import Answer, Area, area_of
from handlers.http import problems
from handlers.http.decoding import read
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import FieldError
from handlers.moments import Moment, in_future
from handlers.places import CityCode, hinted, locate_within
from push.alerts.estimate import Estimate
from push.alerts.rings import Override, Ring

if TYPE_CHECKING:
    from aiohttp import web

    from geo.cities import Cities
    from handlers.http.route import Call
    from push.alerts.planner import FilingPlan, Planner
    from sql.database import Pool

BODY_BYTES = 16 * 1024


class EstimateRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an alert would be; degrees in `crs`. `authority` limits it to whom that authority may reach."""

    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    crs: Crs = Crs.WGS84
    city: CityCode | None = None
    policy: str | None = None
    radius_km: Annotated[float, Meta(gt=0, le=20_000)] | None = None
    last_seen_at: Moment | None = None
    authority: Annotated[str, Meta(max_length=63)] | None = None


class Estimated(Answer, frozen=True, kw_only=True):
    """Whom an alert would reach; `audience_cap`: with more people than this a ring is held."""

    area: Area
    policy: str
    rings: list[Ring]
    estimate: Estimate
    audience_cap: int


class Estimates:
    """`POST /v1/estimates`."""

    def __init__(self, pool: Pool, planner: Planner, cities: Cities | None) -> None:
        self._pool = pool
        self._planner = planner
        self._cities = cities

    async def post(self, call: Call[bytes]) -> Estimated | web.Response:
        """Estimate."""
        asked = read(call.body, EstimateRequest)
        if isinstance(asked, list):
            return problems.response(ProblemCode.BAD_FIELDS, "the request has bad fields", hinted(asked))
        if asked.authority is not None and not await sql.access.secrets_of(self._pool, asked.authority, 1):
            return _impossible([FieldError("$.authority", "no such authority")])
        limit = None
        if asked.authority is not None:
            limit = (await sql.access.terms_of(self._pool, asked.authority)).jurisdiction
        place = await locate_within(asked, "$", self._cities, limit)
        faults = (
            _faults(asked, self._planner.plan)
            + in_future(asked.last_seen_at)
            + (place if isinstance(place, list) else [])
        )
        if faults or isinstance(place, list):
            return _impossible(faults)
        now = datetime.now(UTC)
        override = None
        if asked.radius_km is not None:
            override = Override(radius_km=asked.radius_km, reason="", by="estimate")
        policy = asked.policy or self._planner.plan.policy
        rings = self._planner.rings(policy, place, now, last_seen_at=asked.last_seen_at or now, override=override)
        sampled = await self._planner.estimate(place, rings)
        if sampled is None:
            detail = "Redis did not answer in time"
            return problems.response(ProblemCode.STORE_UNAVAILABLE, detail, headers=problems.RETRY_AFTER)
        return Estimated(
            area=area_of(place.longitude, place.latitude, place.city, rings),
            policy=policy,
            rings=rings,
            estimate=sampled,
            audience_cap=self._planner.plan.audience_cap,
        )


def _impossible(faults: list[FieldError]) -> web.Response:
    return problems.response(ProblemCode.BAD_FIELDS, "nothing can be estimated", faults)


def _faults(asked: EstimateRequest, plan: FilingPlan) -> list[FieldError]:
    faults: list[FieldError] = []
    if asked.policy is not None and asked.policy not in plan.policies:
        faults.append(FieldError("$.policy", f"no such policy; known: {', '.join(sorted(plan.policies))}"))
    if asked.radius_km is not None and asked.radius_km > plan.radius_cap_km:
        faults.append(FieldError("$.radius_km", f"over the cap of {plan.radius_cap_km:g} km"))
    return faults
