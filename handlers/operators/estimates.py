"""Estimates how many people an alert at a place would reach, and when: never so closely that one of them is found.

The place is moved to a grid, the radius is whole kilometres and has a least one, and the answer is rounded. Nothing is
sent, and nothing stored but who asked about what. An officer asks within the own jurisdiction.
Bounded: `BODY_BYTES`; the estimates of a token by `[limits]`; the estimate itself by `push.alerts.estimate`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta

import sql.access
import sql.audit
from geo.crs import Crs
from handlers.alert_answers import Answer, Area, area_of
from handlers.http import problems
from handlers.http.decoding import read
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import FieldError
from handlers.moments import Moment, in_future
from handlers.places import CityCode, hinted, locate_within
from push.alerts.disclosure.estimates import ShownEstimate, shown_estimate
from push.alerts.rings import Override, Ring
from push.notice import SubjectKind
from runtime.clock import record_now
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from aiohttp import web

    from geo.cities import Cities
    from handlers.auth.authenticator import Authenticator
    from handlers.http.route import Call
    from push.alerts.planner import FilingPlan, Planner
    from push.fanout.areas import Place
    from sql.database import Pool

BODY_BYTES = 16 * 1024
GRID: Final = 0.05
"""Degrees: about 5 km. Places closer than that have one answer, whatever their distance."""


class EstimateRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an alert would be; degrees in `crs`. `authority` limits it to whom that authority may reach.

    For an officer that is the own authority, whether it is named or not. `subject_kind`: who is missing, which decides
    the default policy.
    """

    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    crs: Crs = Crs.WGS84
    city: CityCode | None = None
    policy: str | None = None
    subject_kind: SubjectKind = SubjectKind.CHILD
    radius_km: Annotated[float, Meta(gt=0, le=20_000)] | None = None
    last_seen_at: Moment | None = None
    authority: Annotated[str, Meta(max_length=63)] | None = None


class Estimated(Answer, frozen=True, kw_only=True):
    """How many people an alert would reach; `audience_cap`: with more people than this a ring is held.

    `area` and `rings` are what was counted: around the nearest place of the grid, and not below the least radius.
    """

    area: Area
    policy: str
    rings: list[Ring]
    estimate: ShownEstimate
    audience_cap: int


class Estimates:
    """`POST /v1/estimates`."""

    def __init__(self, pool: Pool, planner: Planner, cities: Cities | None, authenticator: Authenticator) -> None:
        self._pool = pool
        self._authenticator = authenticator
        self._planner = planner
        self._cities = cities

    async def post(self, call: Call[bytes]) -> Estimated | web.Response:
        """Estimate."""
        asked = read(call.body, EstimateRequest)
        if isinstance(asked, list):
            return problems.response(ProblemCode.BAD_FIELDS, "the request has bad fields", hinted(asked))
        officer_of = call.bearer.authority
        if officer_of is not None and asked.authority not in {None, officer_of}:
            return problems.response(ProblemCode.OTHER_AUTHORITY, "an officer estimates for the own authority only")
        authority = officer_of or asked.authority
        if officer_of is None and authority is not None and not await sql.access.secrets_of(self._pool, authority, 1):
            return _impossible([FieldError("$.authority", "no such authority")])
        limit = None if authority is None else (await sql.access.terms_of(self._pool, authority)).jurisdiction
        place = await locate_within(asked, "$", self._cities, limit)
        faults = (
            _faults(asked, self._planner.plan)
            + in_future(asked.last_seen_at)
            + (place if isinstance(place, list) else [])
        )
        if faults or isinstance(place, list):
            return _impossible(faults)
        if (refused := await self._authenticator.estimate(call.bearer)) is not None:
            return refused
        return await self._estimated(call, asked, on_grid(place), authority)

    async def _estimated(
        self, call: Call[bytes], asked: EstimateRequest, place: Place, authority: str | None
    ) -> Estimated | web.Response:
        plan, now = self._planner.plan, record_now()
        override = None
        if asked.radius_km is not None:
            override = Override(radius_km=float(round(asked.radius_km)), reason="", by="estimate")
        policy = asked.policy or plan.policy_for(asked.subject_kind)
        rings = self._planner.rings(policy, place, now, last_seen_at=asked.last_seen_at or now, override=override)
        rings = [_at_least(ring, plan.radius_min_km) for ring in rings]
        area = area_of(place.longitude, place.latitude, place.city, rings)
        await self._record(call, area, authority)
        sampled = await self._planner.estimate(place, rings)
        if sampled is None:
            detail = "Redis did not answer in time"
            return problems.response(ProblemCode.STORE_UNAVAILABLE, detail, headers=problems.RETRY_AFTER)
        return Estimated(
            area=area,
            policy=policy,
            rings=rings,
            estimate=shown_estimate(sampled, plan.disclosure),
            audience_cap=plan.audience_cap,
        )

    async def _record(self, call: Call[bytes], area: Area, authority: str | None) -> None:
        """Record who asked about which area, before the answer; the place stands on the grid."""
        circle = None if area.circle is None else msgspec.structs.asdict(area.circle)
        details = {"circle": circle, "city": area.city, "authority": authority}
        async with self._pool.acquire() as connection, connection.transaction():
            await sql.audit.append(
                connection,
                AuditEvent(actor=call.actor.label, action="estimate", details=details, token=call.actor.token_id),
            )


def on_grid(place: Place) -> Place:
    """Return the nearest place of a grid: two that are near each other are asked about as one."""
    if place.longitude is None or place.latitude is None:
        return place
    longitude, latitude = (round(round(one / GRID) * GRID, 2) for one in (place.longitude, place.latitude))
    return msgspec.structs.replace(place, longitude=longitude, latitude=latitude)


def _at_least(ring: Ring, radius_min_km: float) -> Ring:
    """Return a ring that is not narrower than the least radius: where it lies was not decided by a case."""
    if ring.radius_km is None or ring.radius_km >= radius_min_km:
        return ring
    return msgspec.structs.replace(ring, radius_km=radius_min_km)


def _impossible(faults: list[FieldError]) -> web.Response:
    return problems.response(ProblemCode.BAD_FIELDS, "nothing can be estimated", faults)


def _faults(asked: EstimateRequest, plan: FilingPlan) -> list[FieldError]:
    faults: list[FieldError] = []
    if asked.policy is not None and asked.policy not in plan.policies:
        faults.append(FieldError("$.policy", f"no such policy; known: {', '.join(sorted(plan.policies))}"))
    if asked.radius_km is not None and asked.radius_km < plan.radius_min_km:
        faults.append(FieldError("$.radius_km", f"at least {plan.radius_min_km:g} km"))
    if asked.radius_km is not None and asked.radius_km > plan.radius_cap_km:
        faults.append(FieldError("$.radius_km", f"over the cap of {plan.radius_cap_km:g} km"))
    return faults
