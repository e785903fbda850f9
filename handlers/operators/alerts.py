"""Alerts as operators read them, with their progress.

Bounded: the newest 200 (sql.progress.LIST_LIMIT); a list is read once at a time, whoever asks for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

import sql.progress
from handlers.alert_answers import Answer, FiledAlert, filed_alert
from handlers.http.requests import unknown_alert
from handlers.http.reuse.shared import Shared
from push.alerts.lifecycle import Action, State, possible
from push.alerts.watch.progress import LaneProgress, NoticeProgress
from sql.progress import LIST_LIMIT

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.http.route import Call
    from push.alerts.watch.watcher import Watcher
    from sql.database import Pool
    from sql.progress import ListedAlert


class AlertsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which alerts are asked for: what is not understood is refused, not ignored."""

    case_number: Annotated[str, Meta(min_length=1, max_length=150)] | None = None
    authority: Annotated[str, Meta(min_length=1, max_length=150)] | None = None
    limit: Annotated[int, Meta(ge=1, le=LIST_LIMIT)] = LIST_LIMIT


class Alert(FiledAlert, frozen=True, kw_only=True):
    """An alert with its progress; `possible` names what may be asked for now: the last part of the path.

    `found` once more says later whether it was because of the alert.
    """

    sent_at: datetime | None
    ended_at: datetime | None
    through_alert: bool | None
    audience_max: int | None
    child_deleted_at: datetime | None
    recipients_deleted_at: datetime | None
    possible: list[Action]
    lanes: dict[str, LaneProgress]
    notices: list[NoticeProgress]


class AlertAnswer(Answer, frozen=True, kw_only=True):
    """One alert."""

    alert: Alert


class AlertsAnswer(Answer, frozen=True, kw_only=True):
    """The newest alerts, newest first."""

    alerts: list[Alert]


class Alerts:
    """`GET /v1/alerts` and `GET /v1/alerts/{id}`."""

    def __init__(self, pool: Pool, watcher: Watcher) -> None:
        self._pool = pool
        self._watcher = watcher
        self._lists = Shared(self._listed)

    async def get_all(self, call: Call[None]) -> AlertsAnswer:
        """List those that go on and the newest others, of an authority or a case number if asked for."""
        query: AlertsQuery = call.query
        return await self._lists.get(query)

    async def _listed(self, query: AlertsQuery) -> AlertsAnswer:
        listed = await sql.progress.list_alerts(
            self._pool, limit=query.limit, case_number=query.case_number, authority=query.authority
        )
        alerts = sorted(listed, key=lambda alert: alert.received_at, reverse=True)
        return AlertsAnswer(alerts=[self._with_progress(alert) for alert in alerts])

    async def get_one(self, call: Call[Any]) -> AlertAnswer | web.Response:
        """Return one alert."""
        alerts = await sql.progress.list_alerts(self._pool, call.alert_id)
        return AlertAnswer(alert=self._with_progress(alerts[0])) if alerts else unknown_alert()

    def _with_progress(self, alert: ListedAlert) -> Alert:
        progress = self._watcher.current.get(alert.id)
        return Alert(
            **msgspec.structs.asdict(filed_alert(alert)),
            sent_at=alert.sent_at,
            ended_at=alert.ended_at,
            through_alert=alert.through_alert,
            audience_max=alert.audience_max,
            child_deleted_at=alert.child_deleted_at,
            recipients_deleted_at=alert.recipients_deleted_at,
            possible=possible(State(alert.state), proposed=alert.proposal is not None, held=alert.held),
            lanes={} if progress is None else progress.lanes,
            notices=[] if progress is None else progress.notices,
        )
