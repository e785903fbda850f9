"""The routes of pages on which operators read and decide sightings."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from handlers.console.pages.sightings.listing import ListQuery
from handlers.console.pages.sightings.sighting import SightingQuery
from handlers.http.roles import Role, SignedIn

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlers.console.pages.sightings.listing import SightingsPage
    from handlers.console.pages.sightings.police import PolicePage
    from handlers.console.pages.sightings.sighting import SightingPage
    from handlers.http.route import Route


class SightingPages(NamedTuple):
    """What shows sightings to operators."""

    listing: SightingsPage
    sighting: SightingPage
    police: PolicePage


def routes(of: SightingPages, get: Callable[..., Route], post: Callable[..., Route], alert: str) -> list[Route]:
    """Return the routes; `alert`: the path of an alert's page. Whoever only looks sees none of them."""
    operator = SignedIn(Role.OPERATOR)
    one = f"{alert}/sightings/{{sighting}}"
    return [
        get("/console/sightings", operator, "sightings", of.listing.get_choice),
        get("/console/part/sightings", operator, "part_sightings", of.listing.get_choice_part),
        get(f"{alert}/sightings", operator, "alert_sightings", of.listing.get, query=ListQuery),
        get(f"{alert}/part/sightings", operator, "part_alert_sightings", of.listing.get_part, query=ListQuery),
        get(one, operator, "sighting", of.sighting.get, query=SightingQuery),
        get(f"{one}/photos/{{number}}", operator, "sighting_photo", of.sighting.get_photo),
        get(f"{alert}/police", operator, "police", of.police.get),
        get(f"{alert}/part/police", operator, "part_police", of.police.get_part),
        post(f"{alert}/police", operator, "police", of.police.post),
        post(f"{one}/decision", operator, "sighting_decision", of.sighting.post),
    ]
