"""The numbers of all alerts: what is published of them, and how they ended.

Found and found through the alert stay two numbers. Bounded by these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql.page_counts
import sql.progress
from public.funnel.statistics.figures import figures_of
from public.funnel.statistics.page import NUMBERS

if TYPE_CHECKING:
    from datetime import tzinfo

    from aiohttp import web

    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.sealed.outcomes import Outcomes
    from sql.database import Pool

ENDED = ("ended", "recovered", "dead", "unfounded", "other", "unknown", "because_of_alert", "because_of_alert_unknown")


class StatisticsPage:
    """`GET /console/statistics`; `people_min`: the threshold of what is published, `zone`: of its days."""

    def __init__(self, pool: Pool, outcomes: Outcomes, pages: Pages, people_min: int, zone: tzinfo) -> None:
        self._pool = pool
        self._outcomes = outcomes
        self._pages = pages
        self._people_min = people_min
        self._zone = zone

    async def get(self, call: Call[None]) -> web.Response:
        """Show the page."""
        as_of = await sql.progress.record_time(self._pool)
        figures = figures_of(await sql.page_counts.statistics(self._pool), self._people_min, as_of, self._zone)
        outcomes = await self._outcomes.get_statistics(call)
        return self._pages.page(
            call.request,
            "statistics.html",
            figures=figures,
            published={name: getattr(figures, name) for name in NUMBERS},
            ended={name: getattr(outcomes, name) for name in ENDED},
        )
