"""The funnel of an alert: who was notified, opened its page, shared it, reported something, and whether that helped.

Without any identifier of a person. Numbers below the threshold are withheld (`push.alerts.disclosure`), and then those
beside them are rounded down; operators read each report, so they are shown how many there are. That the child was
found, and that it was found through the alert, are two facts. Bounded: `public.funnel.steps.SPANS_MAX` points.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

import sql.page_counts
import sql.summary
from handlers.alert_answers import Answer
from handlers.http.requests import unknown_alert
from handlers.http.roles import ALLOWS, Role
from handlers.operators.alerts import readable
from public.funnel.steps import Estimated, PageSteps, page_steps, points, span_of
from public.funnel.words import Channel
from push.alerts.disclosure.people import Disclosure
from push.alerts.disclosure.progress import shown_counts
from push.alerts.record.summary import Summary
from push.notice import Notice
from push.results import FINAL, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from aiohttp import web

    from handlers.http.route import Call
    from public.funnel.steps import Point
    from sql.database import Pool
    from sql.page_counts import FunnelRow
    from sql.progress import ListedAlert

EXACT: Final = Disclosure(1)
"""Who reads every report knows how many there are."""


class Step(Answer, frozen=True, kw_only=True):
    """A number with its 95% interval, the same where everybody is counted; null: fewer than the threshold.

    `low` null beside a number: it may be fewer.
    """

    people: int | None
    low: int | None
    high: int | None


class PageFunnel(Answer, frozen=True, kw_only=True):
    """What was done on the page of an alert; one view in `sample` was counted, and stands for so many.

    `opened_by`: by the way people came. `shared`: by the phone's dialogue or a copied link. `poster`: downloaded.
    `reported`: sightings; `passed_on`: of those, to the police.
    """

    sample: int
    opened: Step
    opened_by: dict[Channel, Step]
    shared: Step
    poster: Step
    called: Step
    reported: Step
    passed_on: Step


class FunnelPoint(Answer, frozen=True, kw_only=True):
    """How many had opened and shared the page by a time at which one of these rose, in steps of the threshold."""

    at: datetime
    opened: int | None
    shared: int | None


class CameOf(Answer, frozen=True, kw_only=True):
    """What came of an alert on its page and after: `page` null: there never was one; `since`: when it came.

    `found`: the authority said so; `found_through_alert`: that it was because of the alert; null: nobody said.
    """

    since: datetime | None
    page: PageFunnel | None
    found: bool
    found_through_alert: bool | None
    over_time: list[FunnelPoint]


class FunnelAnswer(CameOf, frozen=True, kw_only=True):
    """The funnel; `notified`: accepted by a provider."""

    notified: Step


class SummaryAnswer(Summary, frozen=True, kw_only=True):
    """The same, with what was done on the alert's page; null where there was none."""

    page: PageFunnel | None


class Funnel:
    """`GET /v1/alerts/{id}/funnel`."""

    def __init__(self, pool: Pool, disclosure: Disclosure) -> None:
        self._pool = pool
        self._disclosure = disclosure

    async def get(self, call: Call[Any]) -> FunnelAnswer | web.Response:
        """Return the funnel."""
        came_of = await self.came_of(call)
        if came_of is None:
            return unknown_alert()
        return FunnelAnswer(notified=await self._notified(call.alert_id), **_fields(came_of))

    async def came_of(self, call: Call[Any]) -> CameOf | None:
        """Return what came of an alert, None for who may not read it."""
        alert = await readable(self._pool, call)
        return None if alert is None else await self.of(alert, call.bearer.role)

    async def of(self, alert: ListedAlert, role: Role) -> CameOf | None:
        """Return what came of an alert, for a reader of this role; the units of its sends are not summed for it."""
        row = await sql.page_counts.alert(self._pool, alert.id)
        if row is None:
            return None
        of_reports = EXACT if role in ALLOWS[Role.OPERATOR] else self._disclosure
        return CameOf(
            since=row.first_made_at,
            page=await page_funnel(self._pool, alert.id, row, self._disclosure, of_reports),
            found=row.found,
            found_through_alert=row.through_alert if row.found else None,
            over_time=await self._over_time(alert.id, row),
        )

    async def _notified(self, alert_id: UUID) -> Step:
        counts = await sql.summary.counts(self._pool, alert_id, self._disclosure.people_min)
        people = 0
        for one in counts:
            if one.notice == Notice.ALERT:
                outcomes = [*FINAL]
                shown = shown_counts([getattr(one, outcome.value) for outcome in outcomes], self._disclosure)
                people = dict(zip(outcomes, shown, strict=True))[Outcome.ACCEPTED] or 0
        return step(Estimated(people, people, people), self._disclosure)

    async def _over_time(self, alert_id: UUID, row: FunnelRow) -> list[FunnelPoint]:
        if row.began is None or row.ended is None:
            return []
        counts = await sql.page_counts.over_time(self._pool, alert_id, span_of(row.began, row.ended))
        return shown_points(points(counts), self._disclosure)


def shown_points(found: Iterable[Point], rule: Disclosure) -> list[FunnelPoint]:
    """Return the points at which a number that is shown has risen: any other moment is that of a few."""
    risen: list[FunnelPoint] = []
    before = rule.floored(0), rule.floored(0)
    for one in found:
        opened, shared = rule.floored(one.opened), rule.floored(one.shared)
        if (opened, shared) != before:
            risen.append(FunnelPoint(at=one.at, opened=opened, shared=shared))
            before = opened, shared
    return risen


def _fields(came_of: CameOf) -> dict[str, Any]:
    return {name: getattr(came_of, name) for name in CameOf.__struct_fields__}


async def page_funnel(
    pool: Pool, alert_id: UUID, row: FunnelRow, rule: Disclosure, of_reports: Disclosure
) -> PageFunnel | None:
    """Return what was done on an alert's page, None where there never was one; `of_reports`: the rule for these."""
    if row.first_made_at is None:
        return None
    steps = page_steps(await sql.page_counts.totals(pool, alert_id))
    reports = await sql.page_counts.reports(pool, alert_id)
    return PageFunnel(
        sample=row.sample,
        **shown_steps(steps, rule),
        reported=step(Estimated(*[reports.reported] * 3), of_reports),
        passed_on=step(Estimated(*[reports.passed_on] * 3), of_reports),
    )


def shown_steps(steps: PageSteps, rule: Disclosure) -> dict[str, Any]:
    """Return the steps of a page as they are shown; with channels of few people beside them, all are rounded down."""
    exact = not any(rule.is_few(one.people) for one in steps.opened_by.values())
    return {
        "opened": step(steps.opened, rule, exact=exact),
        "opened_by": {channel: step(one, rule, exact=exact) for channel, one in steps.opened_by.items()},
        "shared": step(steps.shared, rule),
        "poster": step(steps.poster, rule),
        "called": step(steps.called, rule),
    }


def step(one: Estimated, rule: Disclosure, *, exact: bool = True) -> Step:
    """Return a number as it is shown."""
    if rule.is_few(one.people):
        return Step(people=None, low=None, high=None)
    if exact:
        return Step(people=one.people, low=None if rule.is_few(one.low) else one.low, high=one.high)
    above = -(-one.high // rule.people_min) * rule.people_min
    return Step(people=rule.floored(one.people), low=rule.floored(one.low), high=above)


async def summary_with_page(pool: Pool, summary: Summary | None, rule: Disclosure) -> SummaryAnswer | None:
    """Return a summary with what was done on the alert's page."""
    row = None if summary is None else await sql.page_counts.alert(pool, summary.alert)
    if summary is None or row is None:
        return None
    page = await page_funnel(pool, summary.alert, row, rule, rule)
    return SummaryAnswer(**msgspec.structs.asdict(summary), page=page)
