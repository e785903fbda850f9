"""Sightings as operators read and decide them; that somebody read them is in the audit trail.

Bounded: `BODY_BYTES` a request, a page by `SightingsQuery`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

import sql.audit
import sql.progress
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import FieldError
from handlers.http.requests import alert_id_of, unknown_alert
from handlers.operators.scope import scope_of
from handlers.operators.sightings.answers import SightingsAnswer, shown
from handlers.operators.sightings.readings import Readings
from handlers.values.number import number_of
from public.objects import Trouble
from public.sightings.decisions import Already, Decider, Decision, NotDecided, Wanted
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from uuid import UUID

    from handlers.http.bearer import Bearer
    from handlers.http.route import Call
    from handlers.operators.sightings.answers import ShownSighting, SightingDecision, SightingsQuery
    from handlers.operators.sightings.delivery import Delivery
    from public.sightings.copies import Copies
    from public.sightings.decisions import Outcome
    from public.sightings.record import Sightings
    from push.alerts.actions.actor import Actor
    from sql.database import Pool

BODY_BYTES: Final = 4096
NUMBER_DIGITS: Final = 3
NO_WORDS: Final = "a dismissal has a reason"

_CODES: Final = {
    NotDecided.UNKNOWN: ProblemCode.UNKNOWN_SIGHTING,
    NotDecided.REVISION: ProblemCode.REVISION_CHANGED,
    NotDecided.NO_ORIGINAL: ProblemCode.BAD_FIELDS,
}


class SightingReports:
    """`GET /v1/alerts/{id}/sightings`, and what is below it."""

    def __init__(self, pool: Pool, sightings: Sightings, copies: Copies, delivery: Delivery) -> None:
        self._pool = pool
        self._sightings = sightings
        self._copies = copies
        self.delivery = delivery
        self._readings = Readings()

    async def get_all(self, call: Call[Any]) -> SightingsAnswer | web.Response:
        """Return a page of sightings, once it is recorded who reads it."""
        return await self._get_all(call, is_again=False)

    async def get_again(self, call: Call[Any]) -> SightingsAnswer | web.Response:
        """Return a page of sightings to a browser that asks by itself: recorded when it shows more than of late."""
        return await self._get_all(call, is_again=True)

    async def _get_all(self, call: Call[Any], *, is_again: bool) -> SightingsAnswer | web.Response:
        query: SightingsQuery = call.query
        if not await self.is_within(call.alert_id, call.bearer):
            return unknown_alert()
        answer = await self._listed(call.alert_id, query)
        reader, shown_ids = (call.actor.token_id, call.actor.label, call.alert_id), {one.id for one in answer.sightings}
        if not is_again or not self._readings.has(reader, shown_ids, time.monotonic()):
            details = {"what": "sightings", "state": query.state.value, "after": query.after}
            details |= {} if query.like is None else {"like": str(query.like)}
            await self._record(call.alert_id, call.actor, details)
            self._readings.add(reader, shown_ids, time.monotonic())
        return answer

    async def _listed(self, alert_id: UUID, query: SightingsQuery) -> SightingsAnswer:
        listed = await self._sightings.list_stacks(alert_id, query.state, query.order, query.after, query.limit)
        more = len(listed.sightings) == query.limit
        found = listed.sightings
        if query.like is not None:
            found, more = await self._sightings.stack(alert_id, query.like), False
        return SightingsAnswer(
            sightings=[shown(one) for one in found],
            next=query.after + query.limit if more else None,
            counts=listed.counts,
        )

    async def get_one(self, call: Call[None]) -> ShownSighting | web.Response:
        """Return one sighting."""
        sighting = sighting_id_of(call.request)
        if not await self.is_within(call.alert_id, call.bearer):
            return unknown_alert()
        found = None if sighting is None else await self._sightings.read(call.alert_id, sighting)
        if found is None:
            return unknown_sighting()
        await self._record(call.alert_id, call.actor, {"what": "sighting", "sighting": str(sighting)})
        return shown(found)

    async def get_photo(self, call: Call[None]) -> web.Response:
        """Return the copy of a photo that was made here: nothing of its metadata is in it."""
        sighting, number = sighting_id_of(call.request), number_of(call.request.match_info["number"], NUMBER_DIGITS)
        if not await self.is_within(call.alert_id, call.bearer):
            return unknown_alert()
        found = None if sighting is None else await self._sightings.read(call.alert_id, sighting)
        if found is None or sighting is None or number not in {one.number for one in found.photos if one.readable}:
            return unknown_sighting()
        copy = await self._copies.read(call.alert_id, sighting, number or 0)
        if copy is Trouble.MISSING:
            return unknown_sighting()
        if isinstance(copy, Trouble):
            detail = "the objects do not answer"
            return problems.response(ProblemCode.STORE_UNAVAILABLE, detail, headers=problems.RETRY_AFTER)
        details = {"what": "sighting photo", "sighting": str(sighting), "number": number}
        await self._record(call.alert_id, call.actor, details)
        return web.Response(body=copy, content_type="image/jpeg", headers={"Cache-Control": "no-store"})

    async def post_decision(self, call: Call[SightingDecision]) -> ShownSighting | web.Response:
        """Decide one."""
        sighting = sighting_id_of(call.request)
        if not await self.is_within(call.alert_id, call.bearer):
            return unknown_alert()
        if call.body.decision is Decision.DISMISS and call.body.reason is None:
            return problems.response(ProblemCode.BAD_FIELDS, NO_WORDS, [FieldError("$.reason", NO_WORDS)])
        if sighting is None:
            return unknown_sighting()
        outcome = await self.decide(call.alert_id, sighting, call.actor, call.body)
        if isinstance(outcome, Already):
            at = "" if outcome.at is None else f" at {outcome.at.isoformat(timespec='seconds')}"
            detail = f"already {outcome.state.value} by {outcome.by}{at}"
            return problems.response(ProblemCode.ALREADY_DECIDED, detail)
        if isinstance(outcome, NotDecided):
            return problems.response(_CODES[outcome], outcome.value)
        found = await self._sightings.read(call.alert_id, sighting)
        return unknown_sighting() if found is None else shown(found)

    async def decide(self, alert_id: UUID, sighting: UUID, actor: Actor, asked: SightingDecision) -> Outcome:
        """Decide one for somebody who may."""
        wanted = Wanted(
            decision=asked.decision,
            revision=asked.revision,
            reason=asked.reason or "",
            duplicate_of=asked.duplicate_of,
            with_stack=asked.with_stack,
        )
        return await self._sightings.decide(alert_id, sighting, Decider(actor.label, actor.token_id), wanted)

    async def is_within(self, alert_id: UUID, bearer: Bearer) -> bool:
        """Tell whether somebody may read the sightings of an alert: an officer those of the own authority's."""
        listed = await sql.progress.list_alerts(self._pool, alert_id)
        return bool(listed) and scope_of(bearer).has(*listed[0].authorities)

    async def _record(self, alert_id: UUID, actor: Actor, details: dict[str, Any]) -> None:
        event = AuditEvent(actor=actor.label, action="read", alert=alert_id, details=details, token=actor.token_id)
        async with self._pool.acquire() as connection, connection.transaction():
            await sql.audit.append(connection, event)


def sighting_id_of(request: web.Request) -> UUID | None:
    """Return the sighting that a path names; None for no sighting's id."""
    return alert_id_of(request.match_info.get("sighting", ""))


def unknown_sighting() -> web.Response:
    """Return the answer of a path that names no sighting of the alert."""
    return problems.response(ProblemCode.UNKNOWN_SIGHTING, "no such sighting of this alert; it may be deleted")
