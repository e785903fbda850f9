"""How cases ended: of one alert for operators, and how many ended how for everybody with a token.

The outcome of an alert is sealed: viewers get numbers of all alerts together and no period that could hold one alone.
Alerts are not people, so the numbers are shown as they are. Bounded: one alert; the words that there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sql.outcomes
import sql.progress
from handlers.alert_answers import Answer
from handlers.http.requests import unknown_alert
from handlers.operators.scope import scope_of
from push.alerts.outcomes import AfterAction, CaseOutcome, read_after_action

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from aiohttp import web

    from handlers.http.route import Call
    from sql.database import Pool
    from sql.outcomes import OutcomeCount

RECOVERED: Final = frozenset({CaseOutcome.SAFE, CaseOutcome.INJURED})
UNFOUNDED: Final = frozenset({CaseOutcome.NEVER_MISSING, CaseOutcome.UNFOUNDED})


class OutcomeAnswer(Answer, frozen=True, kw_only=True):
    """How a case ended, as far as it was said; what is known beside the words is deleted with the child's data."""

    outcome: CaseOutcome | None
    through_alert: bool | None
    after_action: AfterAction | None


class Statistics(Answer, frozen=True, kw_only=True):
    """How many actual alerts ended how; exercises and tests are not counted.

    `recovered`: safe or injured. `dead`: deceased. `unfounded`: or never missing. `unknown`: nothing was said.
    `because_of_alert`: those of all of them where somebody said that it was; `because_of_alert_unknown`: nobody said.
    """

    ended: int
    recovered: int
    dead: int
    unfounded: int
    other: int
    unknown: int
    because_of_alert: int
    because_of_alert_unknown: int
    outcomes: dict[CaseOutcome, int]


class Outcomes:
    """`GET /v1/alerts/{id}/outcome` and `GET /v1/statistics`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, call: Call[None]) -> OutcomeAnswer | web.Response:
        """Return how one case ended."""
        alert_id: UUID = call.alert_id
        alerts = await sql.progress.list_alerts(self._pool, alert_id)
        row = await sql.outcomes.read(self._pool, alert_id)
        if row is None or not alerts or not scope_of(call.bearer).shows(alerts[0]):
            return unknown_alert()
        return OutcomeAnswer(
            outcome=None if row.outcome is None else CaseOutcome(row.outcome),
            through_alert=row.through_alert,
            after_action=read_after_action(row.after_action),
        )

    async def get_statistics(self, _: Call[None]) -> Statistics:
        """Return how many alerts ended how."""
        return statistics_of(await sql.outcomes.counts(self._pool))


def statistics_of(rows: Iterable[OutcomeCount]) -> Statistics:
    """Return the numbers of all alerts together."""
    rows = list(rows)
    outcomes = {one: sum(row.alerts for row in rows if row.outcome == one) for one in CaseOutcome}
    return Statistics(
        ended=sum(row.alerts for row in rows),
        recovered=sum(outcomes[one] for one in RECOVERED),
        dead=outcomes[CaseOutcome.DECEASED],
        unfounded=sum(outcomes[one] for one in UNFOUNDED),
        other=outcomes[CaseOutcome.OTHER],
        unknown=sum(row.alerts for row in rows if row.outcome is None),
        because_of_alert=sum(row.alerts for row in rows if row.through_alert),
        because_of_alert_unknown=sum(row.alerts for row in rows if row.through_alert is None),
        outcomes=outcomes,
    )
