"""Alerts as operators read and widen them: a request flows in, alerts with their progress flow out.

Bounded: the newest 200 (sql.progress.LIST_LIMIT).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

import sql.progress
from handlers import problems
from handlers.access import BEARER
from handlers.intake import alert_json
from handlers.reading import read
from push.plan import Override
from push.widening import Refusal, widen

if TYPE_CHECKING:
    from handlers.access import Bearer
    from push.filing import Desk
    from push.watcher import Watcher
    from sql.database import Pool
    from sql.progress import ListedAlert


STATUSES = {
    Refusal.NO_ALERT: 404,
    Refusal.RADIUS_CAP: 422,
    Refusal.AUDIENCE_CAP: 422,
    Refusal.UNKNOWN_AUDIENCE: 503,
}
"""What a refusal is in HTTP; all others are conflicts with what stands."""


class Widening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator's wish for a wider ring, due at once; `city` not given: as planned for that radius."""

    radius_km: Annotated[float, Meta(gt=0, le=20_000)]
    city: bool | None = None
    reason: Annotated[str, Meta(min_length=5, max_length=500)]


class Alerts:
    """`GET /v1/alerts`, `GET /v1/alerts/{id}` and `POST /v1/alerts/{id}/rings`."""

    def __init__(self, pool: Pool, watcher: Watcher, desk: Desk) -> None:
        self._desk = desk
        self._pool = pool
        self._watcher = watcher

    async def get_all(self, _: web.Request) -> web.Response:
        """List the newest alerts."""
        alerts = await sql.progress.list_alerts(self._pool)
        return _json({"alerts": [self._with_progress(alert) for alert in alerts]})

    async def get_one(self, request: web.Request) -> web.Response:
        """Return one alert."""
        try:
            alert_id = UUID(request.match_info["id"])
        except ValueError:
            return problems.response(404, "no such alert")
        alerts = await sql.progress.list_alerts(self._pool, alert_id)
        if not alerts:
            return problems.response(404, "no such alert")
        return _json({"alert": self._with_progress(alerts[0])})

    async def post_ring(self, request: web.Request) -> web.Response:
        """Widen an alert."""
        try:
            alert_id = UUID(request.match_info["id"])
        except ValueError:
            return problems.response(404, "no such alert")
        wish = read(await request.read(), Widening)
        if isinstance(wish, list):
            return problems.response(422, "the request has bad fields", wish)
        bearer: Bearer = request[BEARER]
        override = Override(radius_km=wish.radius_km, reason=wish.reason, by=f"{bearer.role} {bearer.name}")
        refused = await widen(self._desk, self._pool, alert_id, override, city=wish.city)
        if refused is not None:
            status = STATUSES.get(refused.refusal, 409)
            return problems.response(status, f"{refused.refusal.value}: {refused.detail}".rstrip(": "))
        return await self.get_one(request)

    def _with_progress(self, alert: ListedAlert) -> dict[str, Any]:
        progress = self._watcher.current.get(alert.id)
        return {
            **alert_json(alert),
            "sent_at": alert.sent_at,
            "lanes": {} if progress is None else progress.lanes,
        }


def _json(content: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(content), content_type="application/json")
