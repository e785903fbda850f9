"""The routes of pages on which somebody watches an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from handlers.console.pages.watching.trail import SearchQuery
from handlers.http.roles import Role, SignedIn
from handlers.operators.watching.trail import TrailQuery

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlers.console.pages.watching.funnel import FunnelPage
    from handlers.console.pages.watching.map import MapPage
    from handlers.console.pages.watching.rates import RatesPage
    from handlers.console.pages.watching.trail import TrailPage
    from handlers.console.pages.watching.widening import WideningPage
    from handlers.http.route import Route


class WatchingPages(NamedTuple):
    """What shows an alert to who watches it."""

    map: MapPage
    rates: RatesPage
    trail: TrailPage
    widening: WideningPage
    funnel: FunnelPage


def routes(of: WatchingPages, get: Callable[..., Route], post: Callable[..., Route], alert: str) -> list[Route]:
    """Return the routes; `alert`: the path of an alert's page."""
    viewer, operator = SignedIn(Role.VIEWER), SignedIn(Role.OPERATOR)
    return [
        get(f"{alert}/area", viewer, "alert_area", of.map.get_area),
        get(f"{alert}/part/map", viewer, "part_alert_map", of.map.get_table),
        get(f"{alert}/part/rates", viewer, "part_alert_rates", of.rates.get),
        get(f"{alert}/part/funnel", viewer, "part_alert_funnel", of.funnel.get),
        get(f"{alert}/trail", operator, "alert_trail", of.trail.get, query=TrailQuery),
        get("/console/trail", operator, "trail", of.trail.get_choice, query=SearchQuery),
        post(f"{alert}/estimate", operator, "estimate", of.widening.post),
    ]
