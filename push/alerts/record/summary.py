"""The public summary of an alert: counts, area and times, and nothing about the child or any other person.

It has only numbers, times and fixed words; from the trail it takes states, never who or why.
Bounded: the events of one alert, a page of the trail (`sql.audit.PAGE`) at a time.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

import sql.audit
import sql.summary
from push.alerts.disclosure.progress import shown_counts
from push.alerts.lifecycle import State
from push.notice import Notice
from push.results import FINAL, Outcome
from sql.audit import Link
from sql.summary import NoticeCounts, NoticeRow

if TYPE_CHECKING:
    from push.alerts.disclosure.people import Disclosure
    from sql.database import Pool
    from sql.summary import SummaryRow

DECIMALS: Final = 2
"""Of a degree: the place to about a kilometre, so that no home stands in a summary."""


class Centre(msgspec.Struct, frozen=True):
    """Where the alert was, to about a kilometre (degrees, WGS-84)."""

    longitude: float
    latitude: float


class SummaryCircle(msgspec.Struct, frozen=True):
    """A circle (km) around a place where the child was later."""

    centre: Centre
    radius_km: float


class SummaryArea(msgspec.Struct, frozen=True):
    """The widest area in which people were notified: a circle (km), a city by its code, or both; empty before.

    `places`: the circles around later places.
    """

    centre: Centre | None
    radius_km: float | None
    city: str | None
    places: list[SummaryCircle] = []


class StateChange(msgspec.Struct, frozen=True):
    """From when an alert was in a state."""

    at: datetime
    state: State


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What may be published of an alert; times and states before the audit trail began are not known.

    `counts` by notice and outcome, null where fewer people than the threshold were notified, a reminder of so few left
    out: acceptance by a provider is not delivery. `through_alert`: whether the alert helped.
    """

    alert: UUID
    status: str
    subject_kind: str
    state: str
    area: SummaryArea
    received_at: datetime
    first_sent_at: datetime | None
    sent_at: datetime | None
    ended_at: datetime | None
    found_at: datetime | None
    through_alert: bool | None
    counts: dict[Notice, dict[Outcome, int | None]]
    notices: list[NoticeRow]
    states: list[StateChange]


async def summarise(pool: Pool, alert_id: UUID, rule: Disclosure) -> Summary | None:
    """Return the summary of an alert, None when there is none."""
    row = await sql.summary.alert(pool, alert_id)
    if row is None:
        return None
    counts = await sql.summary.counts(pool, alert_id, rule.people_min)
    changes = [change async for event in sql.audit.read(pool, alert_id) if (change := _change(event.content))]
    return Summary(
        alert=row.id,
        status=row.status,
        subject_kind=row.subject_kind,
        state=row.state,
        area=_area(row),
        received_at=row.received_at,
        first_sent_at=_first(changes, State.SENDING),
        sent_at=row.sent_at,
        ended_at=row.ended_at,
        found_at=_first(changes, State.FOUND),
        through_alert=row.through_alert,
        counts={Notice(one.notice): _by_outcome(one, rule) for one in counts if not _is_reminder_of_few(one, rule)},
        notices=await sql.summary.notices(pool, alert_id),
        states=changes,
    )


def _area(row: SummaryRow) -> SummaryArea:
    widest: dict[Centre, float] = {}
    for longitude, latitude, radius_km in zip(row.longitudes, row.latitudes, row.radii_km, strict=True):
        centre = _coarse(longitude, latitude)
        widest[centre] = max(radius_km, widest.get(centre, 0.0))
    places = [SummaryCircle(centre, radius_km) for centre, radius_km in widest.items()]
    if row.longitude is None or row.latitude is None or row.radius_km is None:
        return SummaryArea(None, None, row.city, places)
    return SummaryArea(_coarse(row.longitude, row.latitude), row.radius_km, row.city, places)


def _coarse(longitude: float, latitude: float) -> Centre:
    return Centre(round(longitude, DECIMALS), round(latitude, DECIMALS))


def _change(content: str) -> StateChange | None:
    """Return the state that an event led to, None when it left the state as it was."""
    link = msgspec.json.decode(content, type=Link)
    after = link.event.after
    return None if after is None or after == link.event.before else StateChange(link.at, State(after))


def _first(changes: list[StateChange], state: State) -> datetime | None:
    return next((change.at for change in changes if change.state is state), None)


def _by_outcome(counts: NoticeCounts, rule: Disclosure) -> dict[Outcome, int | None]:
    outcomes = list(FINAL)
    shown = shown_counts([getattr(counts, outcome.value) for outcome in outcomes], rule)
    return dict(zip(outcomes, shown, strict=True))


def _is_reminder_of_few(counts: NoticeCounts, rule: Disclosure) -> bool:
    """Tell whether a line of the summary would say that somebody was notified without a sound."""
    return counts.notice == Notice.REMINDER and rule.is_few(sum(getattr(counts, outcome.value) for outcome in FINAL))
