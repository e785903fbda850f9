"""The routes of the console: pages and forms of people who are signed in, and what is needed to sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog

from handlers.console.administration.routes import AdministrationPages
from handlers.console.administration.routes import routes as administration_routes
from handlers.console.pages.sightings.routes import SightingPages
from handlers.console.pages.sightings.routes import routes as sighting_routes
from handlers.console.pages.watching.routes import WatchingPages
from handlers.console.pages.watching.routes import routes as watching_routes
from handlers.console.pages.watching.trail import SearchQuery
from handlers.console.passkeys.guard import signed_before
from handlers.console.passkeys.page import PATH as PASSKEYS
from handlers.console.showing.forms import FORM, FORM_BYTES
from handlers.console.signing_in.by_issuer import BackQuery, StartQuery
from handlers.console.signing_in.sign_in import SIGNED_IN, LinkQuery
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import counted, route_of
from handlers.http.roles import Proof, Role, SignedIn
from handlers.http.route import Answer, Body, Route
from push.alerts.record.contents import UnreadableAlertError
from sql.database import BAD_VALUE_ERRORS, UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from handlers.console.pages.actions import ActionPages
    from handlers.console.pages.alarms import AlarmsPage
    from handlers.console.pages.alert import AlertPage
    from handlers.console.pages.live import Live
    from handlers.console.pages.overview import Overview
    from handlers.console.pages.queue import Queue
    from handlers.console.pages.review import Review
    from handlers.console.pages.shift import Shift
    from handlers.console.pages.statistics import StatisticsPage
    from handlers.console.pages.update import UpdatePage
    from handlers.console.passkeys.guard import PasskeyGuard
    from handlers.console.passkeys.page import PasskeyPage
    from handlers.console.showing.pages import Pages
    from handlers.console.signing_in.by_issuer import ByIssuer
    from handlers.console.signing_in.sessions import Sessions
    from handlers.console.signing_in.sign_in import SignIn
    from handlers.http.roles import Access
    from handlers.http.route import Call

TAG: Final = "console"
"""Its routes are for browsers alone, and stand in no API document."""

ALERT: Final = "/console/alerts/{id}"
ACTIONS: Final = ("pause", "veto", "resume", "cancel", "found", "reopen", "release", "rings", "extension")

_log = structlog.get_logger("handlers.console")

PAGE: Final = Answer(200, "The page.", str, "text/html")


class ConsoleHandlers(NamedTuple):
    """What answers browsers of people who are signed in."""

    pages: Pages
    sessions: Sessions
    passkeys: PasskeyPage
    guard: PasskeyGuard
    sign_in: SignIn
    by_issuer: ByIssuer
    overview: Overview
    queue: Queue
    alert: AlertPage
    actions: ActionPages
    review: Review
    update: UpdatePage
    live: Live
    alarms: AlarmsPage
    shift: Shift
    watching: WatchingPages
    sightings: SightingPages
    statistics: StatisticsPage
    administration: AdministrationPages


def routes(of: ConsoleHandlers) -> list[Route]:
    """Return the routes."""
    viewer, operator = SignedIn(Role.VIEWER), SignedIn(Role.OPERATOR)
    get, post = _getting(of.pages), _posting(of.pages, of.guard)
    return [
        get("/console", viewer, "overview", of.overview.get, query=SearchQuery),
        get("/console/part/cards", viewer, "part_cards", of.overview.get_cards),
        get("/console/part/places", viewer, "part_places", of.overview.get_places),
        get("/console/queue", operator, "queue", of.queue.get),
        get("/console/part/queue", operator, "part_queue", of.queue.get_part),
        get(f"{ALERT}", viewer, "alert", of.alert.get),
        get(f"{ALERT}/part/state", viewer, "part_alert_state", of.alert.get_state),
        get(f"{ALERT}/review", operator, "review", of.review.get),
        get(f"{ALERT}/photo", operator, "alert_photo", of.review.get_photo),
        post(f"{ALERT}/approval", SignedIn(Role.APPROVER), "approval", of.review.post),
        get(f"{ALERT}/update", operator, "update", of.update.get),
        post(f"{ALERT}/update", operator, "update", of.update.post),
        post(f"{ALERT}/wording", operator, "wording", of.update.post_wording),
        *_actions(of, get, post),
        get("/console/statistics", viewer, "statistics", of.statistics.get),
        get("/console/alarms", viewer, "alarms", of.alarms.get),
        get("/console/part/alarms", viewer, "part_alarms", of.alarms.get_part),
        post("/console/alarms/{id}/acknowledgement", operator, "acknowledgement", of.alarms.post),
        get("/console/attention", viewer, "attention", of.alarms.get_attention),
        get("/console/shift", viewer, "shift", of.shift.get),
        post("/console/shift", viewer, "shift", of.shift.post),
        *watching_routes(of.watching, get, post, ALERT),
        *sighting_routes(of.sightings, get, post, ALERT),
        *administration_routes(of.administration, get, post),
        get("/console/live", viewer, "live", of.live.get),
        post("/console/feed-ticket", viewer, "feed_ticket", of.live.post_ticket),
        *_passkeys(of, get, post),
        get("/console/sign-in", Proof.NONE, "sign_in", of.sign_in.get, query=LinkQuery),
        post("/console/sign-in", Proof.NONE, "do_sign_in", of.sign_in.post),
        get("/console/sign-in/issuer", Proof.NONE, "sign_in_issuer", of.by_issuer.get_start, query=StartQuery),
        get("/console/sign-in/callback", Proof.NONE, "sign_in_callback", of.by_issuer.get_back, query=BackQuery),
        get("/console/session", viewer, "session", of.sign_in.get_session),
        get(SIGNED_IN, viewer, "sign_in_done", of.sign_in.get_done),
        post("/console/sign-out", viewer, "sign_out", of.sign_in.post_out),
        post("/console/settings", Proof.NONE, "settings", of.sign_in.post_settings),
        get("/console/static/{name}", Proof.NONE, "static", _static(of.pages)),
    ]


def _actions(of: ConsoleHandlers, get: Callable[..., Route], post: Callable[..., Route]) -> list[Route]:
    """Return a page and a form for each action; more people than the cap are for approvers."""
    table: list[Route] = []
    for name in ACTIONS:
        access = SignedIn(Role.APPROVER if name == "release" else Role.OPERATOR)
        table.append(get(f"{ALERT}/{name}", access, name, of.actions.get))
        table.append(post(f"{ALERT}/{name}", access, name, of.actions.post))
    return table


def _passkeys(of: ConsoleHandlers, get: Callable[..., Route], post: Callable[..., Route]) -> list[Route]:
    """Return where passkeys are registered, and where one hears what to sign."""
    viewer, operator = SignedIn(Role.VIEWER), SignedIn(Role.OPERATOR)
    return [
        get(PASSKEYS, viewer, "passkeys", of.passkeys.get),
        post(PASSKEYS, viewer, "passkeys", of.passkeys.post),
        post(f"{PASSKEYS}/options", viewer, "passkeys_options", of.passkeys.post_options),
        post(f"{ALERT}/passkey", operator, "passkey", of.guard.post_options),
    ]


def _getting(pages: Pages) -> Callable[..., Route]:
    def get(path: str, access: Access, name: str, handler: Handler, query: Any = None) -> Route:  # noqa: ANN401 - a type
        return _route("GET", path, access, name, _guarded(pages, handler), query=query)

    return get


def _posting(pages: Pages, guard: PasskeyGuard) -> Callable[..., Route]:
    def post(path: str, access: Access, name: str, handler: Handler, bytes_max: int = FORM_BYTES) -> Route:
        body = Body(bytes_max, None, {FORM: str})
        return _route(
            "POST", path, access, f"post_{name}", _guarded(pages, signed_before(guard, name, handler)), body=body
        )

    return post


def _route(
    method: str,
    path: str,
    access: Access,
    name: str,
    handler: Handler,
    body: Body | None = None,
    query: Any = None,  # noqa: ANN401 - a type
) -> Route:
    return Route(
        method=method,
        path=path,
        access=access,
        operation=f"console_{name}",
        summary="A page of the console.",
        tag=TAG,
        handler=handler,
        answers=(PAGE,),
        body=body,
        query=query,
        problems=(ProblemCode.UNKNOWN_PATH,),
    )


if TYPE_CHECKING:
    Handler = Callable[[Call[Any]], Awaitable[web.StreamResponse]]


def _guarded(pages: Pages, handler: Handler) -> Handler:
    """Return what answers with a page where a store does not, or where it has no place for what was sent."""

    async def guarded(call: Call[Any]) -> web.StreamResponse:
        try:
            return await handler(call)
        except BAD_VALUE_ERRORS as error:
            # Its text may quote the value.
            _log.error("console.bad_value", route=route_of(call.request), error=type(error).__name__)
            return counted(pages.problem(call.request, 422, "problem.bad_value"))
        except UnreadableAlertError:
            return pages.problem(call.request, 409, "problem.unreadable_alert")
        except UNAVAILABLE_ERRORS:
            return pages.problem(call.request, 503, "problem.unavailable")

    return guarded


def _static(pages: Pages) -> Handler:
    async def static(call: Call[None]) -> web.StreamResponse:
        found = pages.assets.answer(call.request, call.request.match_info["name"])
        return found or pages.problem(call.request, 404, "problem.unknown_path")

    return static
