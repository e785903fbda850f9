"""The screens of the console, out of the table of routes: what is new there is tested without being named here.

Bounded by the table. Errors: AssertionError names a path whose parameters have no example.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from handlers.console.routes import TAG
from handlers.http.roles import Proof, SignedIn
from tests.support.public.seen import TAKEN, seen
from tests.support.routes import route_table

if TYPE_CHECKING:
    from playwright.async_api import Page

    from handlers.http.route import Route
    from tests.browser.desk import Desk

FILES: Final = "/console/static/{name}"
"""Files of pages."""

PART: Final = "/part/"
"""A piece of a page, which the page is tested with."""


WIDER: Final = """() => {
  const page = document.scrollingElement, room = document.documentElement.clientWidth;
  if (page.scrollWidth <= room) return [];
  const wide = [...document.body.querySelectorAll("*")].filter((one) => {
    if (one.getBoundingClientRect().right <= room + 1) return false;
    for (let above = one.parentElement; above && above !== document.body; above = above.parentElement) {
      if (getComputedStyle(above).overflowX !== "visible") return false;
    }
    return true;
  });
  return [`${page.scrollWidth} > ${room}`, ...wide.slice(0, 5).map((one) => one.outerHTML.slice(0, 120))];
}"""
"""What makes a page scroll sideways; a table may do so in a box of its own."""


class Scene(NamedTuple):
    """What stands in the record while screens are looked at: an alert in review, one that is sent, one that is over.

    `sighting`: of the one that is sent.
    """

    waiting: str
    sent: str
    over: str
    sighting: str = ""

    @property
    def examples(self) -> dict[str, list[str]]:
        """Values for the parameters of paths; a parameter that is not here has no example."""
        alerts = [self.waiting, self.sent, self.over]
        return {
            "id": alerts,
            "sighting": [self.sighting],
            "authority": ["sz"],
            "lane": ["tpns"],
            "token": ["1"],
            "number": ["1"],
        }


def console_routes(method: str) -> list[Route]:
    """Return the routes of the console that take a method."""
    return [one for one in route_table() if one.tag == TAG and one.method == method]


def is_screen(route: Route) -> bool:
    """Tell whether a route is a page by itself."""
    return route.path != FILES and PART not in route.path


async def screens(page: Page, desk: Desk, scene: Scene) -> list[str]:
    """Return the path of every page, once for each example of its parameters; not of JSON that pages fetch."""
    paths = [path for route in console_routes("GET") if is_screen(route) for path in paths_of(route.path, scene)]
    found: list[str] = []
    for path in paths:
        answer = await page.request.get(f"{desk.server.url}{path}")
        is_page = answer.headers["content-type"].startswith("text/html")
        assert answer.status < 500, (path, answer.status)
        assert not scene.sighting or not path.endswith(scene.sighting) or answer.status == 200, path
        found += [path] * is_page
    return found


def paths_of(path: str, scene: Scene) -> list[str]:
    """Return a path with each example of its parameter."""
    names = re.findall(r"{(\w+)", path)
    if not names:
        return [path]
    missing = [name for name in names if name not in scene.examples]
    assert not missing, f"{path}: tests/browser/screens.py has no example of {missing}"
    # A sighting is of one alert.
    examples = scene.examples | ({"id": [scene.sent]} if "sighting" in names else {})
    found = [path]
    for name in names:
        found = [re.sub(rf"{{{name}[^}}]*}}", value, one) for one in found for value in examples[name]]
    return found


def needs_session(route: Route) -> bool:
    """Tell whether nobody sees a route without having signed in."""
    assert isinstance(route.access, SignedIn) or route.access is Proof.NONE, route.path
    return isinstance(route.access, SignedIn)


async def stage(desk: Desk) -> Scene:
    """Put an alert in each part of its life into the record."""
    numbers = ("SZ-2026-000001", "SZ-2026-000002", "SZ-2026-000003")
    filed: list[dict[str, Any]] = []
    for number in numbers[:2]:
        _, answer = await desk.deployment.file(desk.server, case_number=number)
        filed.append(answer["alert"])
    for alert in filed:
        await desk.deployment.sent(desk.server, alert["id"])
    over, sent = filed
    url = f"{desk.server.url}/v1/alerts/{over['id']}/found"
    status, _ = await desk.deployment.post(url, {"reason": "at home", "case_number": over["case_number"]})
    assert status == 200
    await desk.deployment.run("authority", "review", "sz", "--policy", "two-person")
    _, answer = await desk.deployment.file(desk.server, case_number=numbers[2])
    told = {"what": "A boy with a red bag", "place": "at the station", "contact": "Wang, 13800138000"}
    place = {"longitude": 114.06, "latitude": 22.55, "photos": [TAKEN]}
    *_, sighting = await seen(desk.deployment, sent["id"], {"what": "in the park"}, told | place)
    return Scene(answer["alert"]["id"], sent["id"], over["id"], sighting)
