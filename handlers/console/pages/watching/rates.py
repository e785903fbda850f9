"""The rates of an alert: a table, of which a module makes a line.

Bounded: `ROWS_MAX` rows.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web

from handlers.console.showing.shared_parts import SharedParts
from handlers.console.showing.thinning import every_nth
from handlers.operators.watching.rates import rate_since

if TYPE_CHECKING:
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.watching.rates import Rates, RateSample, RatesAnswer
    from sql.progress import ListedAlert

ROWS_MAX: Final = 60
"""As many as one can tell apart on a line, and read in a table."""


class RatesPage:
    """The part of an alert's page that shows its rates."""

    def __init__(self, rates: Rates, pages: Pages) -> None:
        self._rates = rates
        self._parts = SharedParts(pages)

    async def get(self, call: Call[None]) -> web.Response:
        """Show the part."""

        async def read() -> dict[str, Any]:
            answer = await self._rates.get(call)
            return values_of(None if isinstance(answer, web.Response) else answer)

        return await self._parts.of_alert(call, "parts/rates.html", read)

    async def values(self, alert: ListedAlert) -> dict[str, Any]:
        """Return what the part's template shows of an alert."""
        return values_of(await self._rates.of(alert))


def values_of(rates: RatesAnswer | None) -> dict[str, Any]:
    """Return what the part's template shows; without rates for who may not read the alert."""
    return {"rates": rates, "rate_rows": [] if rates is None else rows_of(rates.samples)}


def rows_of(samples: list[RateSample]) -> list[RateSample]:
    """Return samples for a table, the last one among them; rates are since the row before, null in the first row."""
    rows = every_nth(samples, ROWS_MAX)
    if len(rows) == len(samples):
        return rows
    since = [None, *(rate_since(before, row.at, row.sent) for before, row in pairwise(rows))]
    return [msgspec.structs.replace(row, rate_per_s=rate) for row, rate in zip(rows, since, strict=True)]
