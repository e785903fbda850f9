"""Alerts as operators read them: a request flows in, alerts with their progress flow out.

Bounded: the newest 200 (sql.progress.LIST_LIMIT).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

import sql.progress
from handlers.alert_answers import alert_json
from handlers.http import problems
from handlers.http.requests import alert_of, no_alert
from handlers.http.responses import answer_json
from push.alerts.lifecycle import State, possible
from sql.progress import LIST_LIMIT

if TYPE_CHECKING:
    from aiohttp import web

    from push.alerts.watch.watcher import Watcher
    from sql.database import Pool
    from sql.progress import ListedAlert


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which alerts are asked for: what is not understood is refused, not ignored."""

    case_number: Annotated[str, Meta(min_length=1, max_length=150, pattern=r"^[^\x00]+$")] | None = None
    authority: Annotated[str, Meta(min_length=1, max_length=150, pattern=r"^[^\x00]+$")] | None = None
    limit: Annotated[int, Meta(ge=1, le=LIST_LIMIT)] = LIST_LIMIT


class Alerts:
    """`GET /v1/alerts` and `GET /v1/alerts/{id}`."""

    def __init__(self, pool: Pool, watcher: Watcher) -> None:
        self._pool = pool
        self._watcher = watcher

    async def get_all(self, request: web.Request) -> web.Response:
        """List those that go on and the newest others, of an authority or a case number if asked for."""
        try:
            asked = msgspec.convert(dict(request.query), Asked, strict=False)
        except msgspec.ValidationError as error:
            return problems.response(422, f"the query is not understood: {error}")
        listed = await sql.progress.list_alerts(
            self._pool, limit=asked.limit, case_number=asked.case_number, authority=asked.authority
        )
        alerts = sorted(listed, key=lambda alert: alert.received_at, reverse=True)
        return answer_json({"alerts": [self._with_progress(alert) for alert in alerts]})

    async def get_one(self, request: web.Request) -> web.Response:
        """Return one alert."""
        alert_id = alert_of(request)
        if alert_id is None:
            return no_alert()
        alerts = await sql.progress.list_alerts(self._pool, alert_id)
        if not alerts:
            return no_alert()
        return answer_json({"alert": self._with_progress(alerts[0])})

    def _with_progress(self, alert: ListedAlert) -> dict[str, Any]:
        progress = self._watcher.current.get(alert.id)
        return {
            **alert_json(alert),
            "sent_at": alert.sent_at,
            "ended_at": alert.ended_at,
            "through_alert": alert.through_alert,
            "audience_max": alert.audience_max,
            "child_deleted_at": alert.child_deleted_at,
            "recipients_deleted_at": alert.recipients_deleted_at,
            "possible": possible(State(alert.state), proposed=alert.proposal is not None, held=alert.held),
            "lanes": {} if progress is None else progress.lanes,
            "notices": [] if progress is None else progress.notices,
        }
