"""Takes from the police where the child was seen later, which moves the area of its alert.

Where the authority's cases are approved, so is this. Retried with the same webhook-id, it gets its first answer again.
Bounded: `BODY_BYTES`.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

import sql.access
import sql.filing
import sql.progress
from handlers.action_requests import CaseNumber, Reason, refusal
from handlers.alert_answers import FiledAnswer, filed_alert
from handlers.http import problems
from handlers.http.decoding import read
from handlers.http.problem_codes import ProblemCode
from handlers.http.route import JSON
from handlers.places import hinted, locate_within, notes_on_city
from handlers.police.answers import changed_answer, stored
from handlers.police.case.details import SeenPlace
from handlers.police.sightings import UNMOVED, is_trusted, place_faults
from push.alerts.actions.actor import of_authority
from push.alerts.actions.proposals import LaterPlace
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.actions.transaction import Order
from push.alerts.actions.webhook_answer import WebhookAnswer

if TYPE_CHECKING:
    from uuid import UUID

    from geo.cities import Cities
    from handlers.auth.signed_webhooks import SignedWebhooks
    from handlers.http.route import Call
    from push.alerts.actions.changes import Changes
    from push.alerts.planner import Planner
    from push.fanout.areas import Place
    from sql.database import Pool


OK: Final = 200


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
        answer = WebhookAnswer(
            authority,
            call.request.headers["webhook-id"],
            hashlib.sha256(call.body).digest(),
            OK,
            partial(changed_answer, rule=self._planner.plan.disclosure),
        )
        if (earlier := await self._earlier(answer)) is not None:
            return earlier
        case = await sql.filing.find_case(self._pool, authority, told.case_number)
        if case is None:
            return problems.response(ProblemCode.UNKNOWN_CASE, "no such case of this authority")
        terms = await sql.access.terms_of(self._pool, authority)
        place = await locate_within(told.place, "$.place", self._cities, terms.jurisdiction)
        faults = place_faults(told.place, "$.place") + (place if isinstance(place, list) else [])
        if faults or isinstance(place, list):
            detail = "the place cannot be meant; nothing was changed"
            return problems.response(ProblemCode.UNUSABLE_CASE, detail, faults)
        notes = notes_on_city(told.place, self._cities)
        if not is_trusted(told.place):
            return await self._unmoved(case.alert_id, [*notes, UNMOVED])
        return await self._add(authority, case.alert_id, told, place, answer, notes)

    async def _unmoved(self, alert_id: UUID, notes: list[str]) -> FiledAnswer:
        alert = (await sql.progress.list_alerts(self._pool, alert_id))[0]
        return FiledAnswer(alert=filed_alert(alert, self._planner.plan.disclosure), notes=notes)

    async def _earlier(self, answer: WebhookAnswer) -> web.Response | None:
        receipt = await answer.earlier(self._pool)
        return None if receipt is None else stored(receipt, answer.body_digest, self._planner.secret)

    async def _add(
        self, authority: str, alert_id: UUID, told: NewPlace, place: Place, answer: WebhookAnswer, notes: list[str]
    ) -> FiledAnswer | web.Response:
        """Add the place to the alert, unless this very message did."""
        if place.longitude is None or place.latitude is None:
            return await self._unmoved(alert_id, notes)
        actor = of_authority(authority)
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
        refused = await self._changes.place(alert_id, order, requested, answer, notes)
        if refused is None and answer.body is not None:
            return web.Response(status=OK, body=answer.body, content_type=JSON)
        # The same place may have been taken by another server meanwhile.
        return await self._earlier(answer) or refusal(refused or Refused(Refusal.ANSWERED))
