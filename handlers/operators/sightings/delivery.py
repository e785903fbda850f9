"""What the police were told: events of an authority, those that nobody took, and photos by the links in them.

An officer reads the events of the own authority. A link is enough for its photo, until it ends; each download is in the
audit trail. Bounded: `sql.police_events.LISTED_MAX` events.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from aiohttp import web

import sql.access
import sql.audit
import sql.police_events
from handlers.administration import endpoints
from handlers.administration.changing import Administrator
from handlers.alert_answers import Answer
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal
from handlers.http.requests import alert_id_of
from handlers.operators.scope import scope_of
from public.objects import Trouble
from runtime.clock import record_now
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from handlers.http.route import Call
    from public.sightings.police.links import PhotoLinks
    from public.sightings.police.originals import Originals
    from sql.database import Pool
    from sql.police_events import EventRow


class EventsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events are asked for: all, or those that nobody took."""

    dead: bool = False


class PhotoQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the copy without metadata is asked for, and not the original."""

    copy: bool = False


class PoliceEvent(Answer, frozen=True, kw_only=True):
    """What an authority was told; `dead_at`: since when it is tried no more. `status`: of the last answer."""

    id: UUID
    event: str
    alert: UUID
    sighting: UUID | None
    created_at: datetime
    attempts: int
    next_at: datetime | None
    delivered_at: datetime | None
    dead_at: datetime | None
    status: int | None
    error: str | None


class EventsAnswer(Answer, frozen=True, kw_only=True):
    """The newest events of an authority, newest first."""

    events: list[PoliceEvent]


class Delivery:
    """`GET /v1/authorities/{authority}/events`, `POST .../{event}/again` and `GET /v1/sightings/photos/{link}`."""

    def __init__(self, pool: Pool, links: PhotoLinks, originals: Originals) -> None:
        self._pool = pool
        self._links = links
        self._originals = originals

    async def get_events(self, call: Call[Any]) -> EventsAnswer | web.Response:
        """Return the events of an authority."""
        query: EventsQuery = call.query
        if not scope_of(call.bearer).has(call.authority):
            return problems.response(ProblemCode.OTHER_AUTHORITY, "an officer reads the events of the own authority")
        if not await self._is_known(call.authority):
            return problems.response(ProblemCode.UNKNOWN_AUTHORITY, "no such authority")
        return await self.listed(call.authority, dead=query.dead)

    async def listed(self, authority: str, *, dead: bool) -> EventsAnswer:
        """Return the newest events of an authority, or those that nobody took."""
        rows = await sql.police_events.listed(self._pool, authority, dead=dead)
        return EventsAnswer(events=[_event(row) for row in rows])

    async def of_alert(self, alert_id: UUID) -> EventsAnswer:
        """Return what the authority of an alert was told of it, the newest events."""
        return EventsAnswer(events=[_event(row) for row in await sql.police_events.of_alert(self._pool, alert_id)])

    async def post_again(self, call: Call[None]) -> EventsAnswer | web.Response:
        """Send a dead event again."""
        refused = await self.send_again(call, call.authority, alert_id_of(call.request.match_info["event"]))
        if refused is not None:
            return problems.response(refused.code, refused.detail)
        return await self.listed(call.authority, dead=True)

    async def send_again(self, call: Call[Any], authority: str, event: UUID | None) -> Refusal | None:
        """Send a dead event of an authority again for who asks, or return why not: an officer acts for the own one."""
        if not scope_of(call.bearer).has(authority):
            return Refusal(ProblemCode.OTHER_AUTHORITY, "an officer acts for the own authority")
        if not await self._is_known(authority):
            return Refusal(ProblemCode.UNKNOWN_AUTHORITY, "no such authority")
        if event is None:
            return Refusal(ProblemCode.UNKNOWN_EVENT, "an event has an id")
        by = Administrator(actor=call.actor.label, token=call.actor.token_id)
        return await endpoints.send_again(self._pool, by, authority, event)

    async def _is_known(self, authority: str) -> bool:
        async with self._pool.acquire() as connection:
            return await sql.access.is_valid_authority(connection, authority, None)

    async def get_photo(self, call: Call[Any]) -> web.Response:
        """Return a photo to who has its link."""
        query: PhotoQuery = call.query
        link = self._links.read(call.request.match_info["link"], record_now().timestamp())
        if link is None:
            return _gone()
        async with self._pool.acquire() as connection:
            if not await sql.police_events.may_read(connection, link.alert):
                return _gone()
        photo = await self._originals.read(link, copy=query.copy)
        if photo is Trouble.MISSING:
            return _gone()
        if isinstance(photo, Trouble):
            detail = "the objects do not answer"
            return problems.response(ProblemCode.STORE_UNAVAILABLE, detail, headers=problems.RETRY_AFTER)
        details = {"sighting": str(link.sighting), "number": link.number, "copy": query.copy}
        event = AuditEvent(actor="police link", action="download sighting photo", alert=link.alert, details=details)
        async with self._pool.acquire() as connection, connection.transaction():
            await sql.audit.append(connection, event)
        kind = "image/jpeg" if query.copy else "application/octet-stream"
        headers = {"Cache-Control": "no-store", "Content-Disposition": "attachment"}
        return web.Response(body=photo, content_type=kind, headers=headers)


def _event(row: EventRow) -> PoliceEvent:
    over = row.delivered_at is not None or row.dead_at is not None
    return PoliceEvent(
        id=row.id,
        event=row.event,
        alert=row.alert_id,
        sighting=row.sighting_id,
        created_at=row.created_at,
        attempts=row.attempts,
        next_at=None if over else row.try_at,
        delivered_at=row.delivered_at,
        dead_at=row.dead_at,
        status=row.status,
        error=row.error,
    )


def _gone() -> web.Response:
    return problems.response(ProblemCode.UNKNOWN_SIGHTING, "no such photo, or its link is over; the event has new ones")
