"""Alerts as operators read them, with their progress.

Bounded: the newest 200 (sql.progress.LIST_LIMIT); a list is read once at a time, whoever asks for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

import sql.progress
from handlers.alert_answers import Answer, FiledAlert, filed_alert
from handlers.http.requests import unknown_alert
from handlers.http.reuse.shared import Shared
from handlers.operators.scope import scope_of
from push.alerts.disclosure.progress import ShownLaneProgress, ShownNotice, ShownReminder, shown_progress
from push.alerts.lifecycle import Action, State, possible
from sql.progress import LIST_LIMIT

if TYPE_CHECKING:
    from uuid import UUID

    from aiohttp import web

    from handlers.http.bearer import Bearer
    from handlers.http.route import Call
    from handlers.operators.scope import Scope
    from push.alerts.disclosure.people import Disclosure
    from push.alerts.watch.watcher import Watcher
    from sql.database import Pool
    from sql.progress import ListedAlert


class AlertsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which alerts are asked for: what is not understood is refused, not ignored."""

    case_number: Annotated[str, Meta(min_length=1, max_length=150)] | None = None
    authority: Annotated[str, Meta(min_length=1, max_length=150)] | None = None
    limit: Annotated[int, Meta(ge=1, le=LIST_LIMIT)] = LIST_LIMIT


class Alert(FiledAlert, frozen=True, kw_only=True, omit_defaults=True):
    """An alert with its progress; `possible` names what may be asked for now: the last part of the path.

    `found` once more says later whether it was because of the alert. `reminders`: where the policy has some.
    `last_request_at`: when its last request was started; soon after a stop, of all that were. Null while it was sent to
    fewer people than the threshold.
    """

    sent_at: datetime | None
    ended_at: datetime | None
    through_alert: bool | None
    audience_max: int | None
    child_deleted_at: datetime | None
    recipients_deleted_at: datetime | None
    possible: list[Action]
    lanes: dict[str, ShownLaneProgress]
    notices: list[ShownNotice]
    reminders: tuple[ShownReminder, ...] = ()
    last_request_at: datetime | None = None


class AlertAnswer(Answer, frozen=True, kw_only=True):
    """One alert."""

    alert: Alert


class AlertsAnswer(Answer, frozen=True, kw_only=True):
    """The newest alerts, newest first."""

    alerts: list[Alert]


class ReadAlert(NamedTuple):
    """An alert as the record has it, for what is read besides of it, and as it is shown."""

    listed: ListedAlert
    shown: Alert


async def readable(pool: Pool, call: Call[Any]) -> ListedAlert | None:
    """Return the alert that a path names, None for who may not read it."""
    alerts = await sql.progress.list_alerts(pool, call.alert_id)
    return alerts[0] if alerts and scope_of(call.bearer).shows(alerts[0]) else None


class Alerts:
    """`GET /v1/alerts` and `GET /v1/alerts/{id}`."""

    def __init__(self, pool: Pool, watcher: Watcher, disclosure: Disclosure) -> None:
        self._pool = pool
        self._watcher = watcher
        self._lists: Shared[tuple[AlertsQuery, Scope], AlertsAnswer] = Shared()
        self._disclosure = disclosure

    async def get_all(self, call: Call[None]) -> AlertsAnswer:
        """List those that go on and the newest others, of an authority or a case number if asked for."""
        return await self.listed_for(call.bearer, call.query)

    async def listed_for(self, bearer: Bearer, query: AlertsQuery) -> AlertsAnswer:
        """Return the alerts that the bearer of a token may read."""
        scope = scope_of(bearer)
        return await self._lists.get((query, scope), lambda: self._listed(query, scope))

    def watched_for(self, bearer: Bearer) -> list[ListedAlert]:
        """Return the alerts that the bearer of a token may read, as this process saw them last."""
        scope = scope_of(bearer)
        return [one for one in self._watcher.listed.values() if scope.shows(one)]

    async def _listed(self, query: AlertsQuery, scope: Scope) -> AlertsAnswer:
        listed = await sql.progress.list_alerts(
            self._pool,
            limit=query.limit,
            case_number=query.case_number,
            authority=query.authority,
            reader=scope.authority,
            waiting=scope.approves,
        )
        alerts = sorted(filter(scope.shows, listed), key=lambda alert: alert.received_at, reverse=True)
        return AlertsAnswer(alerts=[self._with_progress(alert) for alert in alerts])

    async def get_one(self, call: Call[Any]) -> AlertAnswer | web.Response:
        """Return one alert."""
        read = await self.read(call)
        return unknown_alert() if read is None else AlertAnswer(alert=read.shown)

    async def read(self, call: Call[Any]) -> ReadAlert | None:
        """Return one alert as it is shown and as it was read, None for who may not read it."""
        listed = await readable(self._pool, call)
        return None if listed is None else ReadAlert(listed, self._with_progress(listed))

    async def after_action(self, alert_id: UUID) -> AlertAnswer | web.Response:
        """Return one alert to whom has just acted on it, although it may not wait for them any longer."""
        alerts = await sql.progress.list_alerts(self._pool, alert_id)
        return AlertAnswer(alert=self._with_progress(alerts[0])) if alerts else unknown_alert()

    def _with_progress(self, alert: ListedAlert) -> Alert:
        current = self._watcher.current.get(alert.id)
        progress = None if current is None else shown_progress(current, self._disclosure)
        return Alert(
            **msgspec.structs.asdict(filed_alert(alert, self._disclosure)),
            sent_at=alert.sent_at,
            ended_at=alert.ended_at,
            through_alert=alert.through_alert,
            audience_max=alert.audience_max,
            child_deleted_at=alert.child_deleted_at,
            recipients_deleted_at=alert.recipients_deleted_at,
            possible=possible(State(alert.state), proposed=alert.proposal is not None, held=alert.held),
            lanes={} if progress is None else progress.lanes,
            notices=[] if progress is None else progress.notices,
            reminders=() if progress is None else progress.reminders,
            last_request_at=None if progress is None else progress.last_request_at,
        )
