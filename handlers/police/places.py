"""Takes from the police where the child was seen later, which moves the area of its alert.

Where the authority's cases are approved, so is this. Sent again, it is answered with the alert as it stands.
Bounded: `BODY_BYTES`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

import sql.access
import sql.filing
import sql.progress
from handlers.action_requests import CaseNumber, Reason, refusal
from handlers.alert_answers import FiledAnswer, filed_alert
from handlers.http import problems
from handlers.http.decoding import read
from handlers.http.problem_codes import ProblemCode
from handlers.places import hinted, locate_within, notes_on_city
from handlers.police.case.details import SeenPlace
from handlers.police.case.sightings import UNMOVED, is_trusted, place_faults
from push.alerts.actions.actor import of_authority
from push.alerts.actions.once import Once
from push.alerts.actions.proposals import LaterPlace
from push.alerts.actions.refusals import Refusal
from push.alerts.actions.transaction import Order

if TYPE_CHECKING:
    from uuid import UUID

    from aiohttp import web

    from geo.cities import Cities
    from handlers.auth.signed_webhooks import SignedWebhooks
    from handlers.http.route import Call
    from push.alerts.actions.changes import Changes
    from push.alerts.actions.refusals import Refused
    from push.alerts.planner import Planner
    from push.fanout.areas import Place
    from sql.database import Pool


class NewPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the child of a case was seen later, and how that is known."""

    case_number: CaseNumber
    reason: Reason
    place: SeenPlace


class NewPlaces:
    """`POST /v1/intake/{authority}/places`."""

    def __init__(
        self, pool: Pool, changes: Changes, planner: Planner, signed: SignedWebhooks, cities: Cities | None
    ) -> None:
        self._pool = pool
        self._changes = changes
        self._planner = planner
        self._signed = signed
        self._cities = cities

    async def post(self, call: Call[bytes]) -> FiledAnswer | web.Response:
        """Take a place, signed like a case."""
        authority = call.authority
        if (refused := await self._signed.refusal(call.request, authority, call.body)) is not None:
            return refused
        told = read(call.body, NewPlace)
        if isinstance(told, list):
            detail = "the place has bad fields; nothing was changed"
            return problems.response(ProblemCode.BAD_FIELDS, detail, hinted(told))
        case = await sql.filing.find_case(self._pool, authority, told.case_number)
        if case is None:
            return problems.response(ProblemCode.UNKNOWN_CASE, "no such case of this authority")
        terms = await sql.access.terms_of(self._pool, authority)
        place = await locate_within(told.place, "$.place", self._cities, terms.jurisdiction)
        faults = place_faults(told.place, "$.place") + (place if isinstance(place, list) else [])
        if faults or isinstance(place, list):
            detail = "the place cannot be meant; nothing was changed"
            return problems.response(ProblemCode.UNUSABLE_CASE, detail, faults)
        denied = await self._add(call, case.alert_id, told, place)
        if denied is not None and denied.refusal is not Refusal.TAKEN:
            return refusal(denied)
        alert = (await sql.progress.list_alerts(self._pool, case.alert_id))[0]
        notes = notes_on_city(told.place, self._cities) + ([] if is_trusted(told.place) else [UNMOVED])
        return FiledAnswer(alert=filed_alert(alert, self._planner.plan.disclosure), notes=notes)

    async def _add(self, call: Call[bytes], alert_id: UUID, told: NewPlace, place: Place) -> Refused | None:
        """Add the place to the alert, unless this very message did; None when it is added, or moves nothing."""
        if not is_trusted(told.place) or place.longitude is None or place.latitude is None:
            return None
        once = Once(
            authority=call.authority,
            webhook_id=call.request.headers["webhook-id"],
            body_digest=hashlib.sha256(call.body).digest(),
            secret=self._planner.secret,
        )
        if (refused := await once.refused(self._pool)) is not None:
            return refused
        actor = of_authority(call.authority)
        order = Order(actor=actor, reason=told.reason, case_number=told.case_number)
        requested = LaterPlace(
            longitude=place.longitude,
            latitude=place.latitude,
            seen_at=told.place.at,
            place=told.place.place,
            mode=told.place.mode,
            by=actor.label,
            reason=told.reason,
        )
        return await self._changes.place(alert_id, order, requested, once=once)
