"""Who comes to what strangers saw at the console: each of its routes, in each role, of each authority."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

from msgspec.structs import replace

from handlers.console.pages.sightings.routes import SightingPages
from handlers.console.pages.sightings.routes import routes as sighting_routes
from handlers.console.routes import ALERT, TAG
from handlers.http.roles import ALLOWS, Role, SignedIn
from public.sightings.intake.inbox import copy_path
from server.administration import access
from server.settings import load
from tests.support.console_session import console_session
from tests.support.processes.deployment import CASE
from tests.support.processes.public_site import public_env
from tests.support.public.reports import sealing_of
from tests.support.public.seen import TAKEN, seen
from tests.support.public.strangers import objects_for
from tests.support.routes import route_table

if TYPE_CHECKING:
    import aiohttp

    from handlers.http.route import Route
    from tests.support.processes.deployment import Deployment

OWN, OTHER = "sz", "gz"
WORDS, PHOTO = "near the park, with a man", b"\xff\xd8 a copy of what was seen"
SECRET = (WORDS.encode(), PHOTO, str(CASE["case_number"]).encode())
"""What nobody reads who is refused; each page of who is not has one of them, or the event's id."""
READING = ("GET", "HEAD")
CHANGES = ["pass sighting on", "police event sent again"]


class Visitor(NamedTuple):
    """Who asks: an officer of an authority, or somebody of none."""

    role: Role
    authority: str | None


class Case(NamedTuple):
    """A sighting that nobody has decided, with a photo, and the event of it that the police did not take."""

    alert: str
    sighting: str
    event: str


def _sighting_routes() -> list[Route]:
    """Return the console's routes of sightings, out of the whole table; none is named here."""
    return [one for one in route_table() if one.tag == TAG and re.search("sighting|police", one.path)]


def _expected(route: Route, visitor: Visitor) -> int:
    """Return the status that its declaration and the alert's authority give."""
    assert isinstance(route.access, SignedIn)
    if visitor.role not in ALLOWS[Role.VIEWER]:
        return 401
    if visitor.role not in ALLOWS[route.access.role]:
        return 403
    if "{id}" in route.path and visitor.authority == OTHER:
        return 404
    return 200 if route.method in READING else 303


def _form(route: Route, case: Case) -> dict[str, str] | None:
    """Return what a route is sent."""
    if route.method in READING:
        return None
    forms = {
        "console_post_police": {"event": case.event},
        "console_post_sighting_decision": {"decision": "pass_on", "revision": "1"},
    }
    assert route.operation in forms, f"there is no example of what {route.operation} takes"
    return forms[route.operation]


async def _sighting(deployment: Deployment, alert: str) -> str:
    """Put a sighting into the record, with the copy of its photo."""
    [sighting] = await seen(deployment, alert, {"what": WORDS, "photos": [replace(TAKEN, readable=True)]})
    [(salt,)] = await deployment.query("select sighting_salt from page where alert_id = $1", UUID(alert))
    sealed = sealing_of(deployment).of(UUID(alert), salt).seal(PHOTO)
    assert await objects_for(deployment).put(copy_path(UUID(alert), UUID(sighting), 1), sealed) is None
    return sighting


async def _case(deployment: Deployment, alert: str) -> Case:
    sighting = await _sighting(deployment, alert)
    [(event,)] = await deployment.query(
        "insert into police_event (authority_id, alert_id, sighting_id, event, alert_state, dead_at)"
        " values ($1, $2, $3, 'sighting.reported', 'in_review', now()) returning id::text",
        *(OWN, UUID(alert), UUID(sighting)),
    )
    return Case(alert, sighting, event)


async def _ask(session: aiohttp.ClientSession, route: Route, case: Case) -> tuple[int, bytes]:
    """Ask a route about a case; returns the status and the body."""
    path = route.path.format(id=case.alert, sighting=case.sighting, number="1")
    async with session.request(route.method, path, data=_form(route, case), allow_redirects=False) as answer:
        return answer.status, await answer.read()


async def _is_as_before(deployment: Deployment, case: Case) -> bool:
    [(state, is_dead)] = await deployment.query(
        "select state, e.dead_at is not null from sighting s join police_event e on e.id = $2 where s.id = $1",
        *(UUID(case.sighting), UUID(case.event)),
    )
    return (state, is_dead) == ("new", True)


def test_every_route_of_sightings_is_looked_at() -> None:
    """What the room of sightings declares is what the table has of them, and each asks for somebody's session."""
    anything: Any = _Anything()
    pages = SightingPages(anything, anything, anything)
    declared: set[tuple[str, str]] = set()

    def declare(method: str) -> Any:  # noqa: ANN401 - a function of a route
        return lambda path, *_, **__: declared.add((method, path))

    sighting_routes(pages, declare("GET"), declare("POST"), ALERT)
    assert declared == {(one.method, one.path) for one in _sighting_routes() if one.method != "HEAD"}
    assert all(isinstance(one.access, SignedIn) for one in _sighting_routes())


class _Anything:
    def __getattr__(self, _: str) -> Any:  # noqa: ANN401 - anything
        return self


async def test_only_operators_come_to_sightings_and_officers_to_those_of_their_own_authority(
    deployment: Deployment,
) -> None:
    """In every role, of the alert's authority, another, and none: what is refused shows nothing and changes nothing.

    The alert is in review, so an approver of another authority sees the alert itself: that opens no sighting of it.
    """
    server = await deployment.server(**public_env(deployment))
    await deployment.run("authority", "add", OTHER, "--name", "Guangzhou")
    await deployment.run("authority", "endpoint", OWN, "--url", "http://127.0.0.1:9/", "--passes-on", "operator")
    await deployment.run("authority", "review", OWN, "--policy", "two-person")
    alert = (await deployment.file(server))[1]["alert"]["id"]
    done = 0
    for visitor in (Visitor(role, authority) for role in Role for authority in (OWN, OTHER, None)):
        settings = load(None, deployment.env())
        _, token = await access.create_token(
            settings, deployment.stores, visitor.role, f"{visitor}", authority=visitor.authority
        )
        async with console_session(server, token) as session:
            case = await _case(deployment, alert)
            for route in _sighting_routes():
                expected, about = _expected(route, visitor), (visitor, route.method, route.path)
                status, content = await _ask(session, route, case)
                assert status == expected, about
                assert await _is_as_before(deployment, case) is (expected != 303), about
                if expected == 303:
                    case, done = await _case(deployment, alert), done + 1
                elif route.method != "HEAD":
                    is_within = expected == 200 and visitor.authority != OTHER
                    # A form that is refused shows again what was typed.
                    secret = SECRET if route.method == "POST" else (*SECRET, case.event.encode())
                    assert any(one in content for one in secret) is is_within, about
            async with session.get(f"/console/alerts/{alert}") as answer:
                reads = visitor.role in ALLOWS[Role.VIEWER]
                reads = reads and (visitor.authority != OTHER or visitor.role in ALLOWS[Role.APPROVER])
                assert (answer.status == 200) is reads, visitor
    [(noted,)] = await deployment.query(
        "select count(*) from audit_event where content::jsonb->'event'->>'action' = any($1)", CHANGES
    )
    assert noted == done > 0


async def test_a_sighting_of_another_alert_is_unknown_below_this_one(deployment: Deployment) -> None:
    """Whoever may read both finds it only where it is: page, photo and decision by another alert's path are refused."""
    server = await deployment.server(**public_env(deployment))
    first, second = [
        (await deployment.file(server, case_number=number))[1]["alert"]["id"]
        for number in ("SZ-2026-000001", "SZ-2026-000002")
    ]
    case = Case(first, await _sighting(deployment, first), str(uuid4()))
    async with console_session(server, deployment.token) as session:
        for route in [one for one in _sighting_routes() if "{sighting}" in one.path]:
            for alert, is_here in ((second, False), (first, True)):
                status, content = await _ask(session, route, case._replace(alert=alert))
                assert (status != 404) is is_here, (route.method, route.path)
                assert is_here or WORDS.encode() not in content
