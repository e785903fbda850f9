"""Routes: handlers flow in, the aiohttp application flows out; every route declares who may use it.

Bounded: `CLIENT_MAX_BYTES` of any body; intake bounds its own more tightly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from handlers.auth.token_store import BEARER, Bearer
from handlers.http import problems
from handlers.http.headers import secure
from handlers.http.openapi.document import document
from handlers.http.roles import Role
from handlers.platform.devices import BODY_BYTES as CLIENT_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from handlers.auth.authenticator import Authenticator
    from handlers.operators.actions import AlertActions
    from handlers.operators.alerts import Alerts
    from handlers.operators.audit import Audit
    from handlers.operators.estimates import Estimates
    from handlers.operators.feed import Feed
    from handlers.operators.preview import Preview
    from handlers.ops.health import Health
    from handlers.ops.metrics import Metrics
    from handlers.platform.devices import Devices
    from handlers.platform.enrolment import Enrolment
    from handlers.police.intake import Intake
    from handlers.police.notices import Notices
    from handlers.public.alerts import Public

SIGNATURE = "signature"
"""The role of a route that checks a webhook's signature itself."""

NOBODY = "none"
TICKET = "ticket"
"""The role of the feed, which also takes a ticket and checks by itself."""


class Route(NamedTuple):
    """One route with its declared role."""

    method: str
    path: str
    role: Role | str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]


class Handlers(NamedTuple):
    """All handlers of the edge."""

    intake: Intake
    devices: Devices
    alerts: Alerts
    actions: AlertActions
    preview: Preview
    audit: Audit
    estimates: Estimates
    feed: Feed
    health: Health
    metrics: Metrics
    public: Public
    notices: Notices
    enrolment: Enrolment


def routes(handlers: Handlers) -> list[Route]:
    """Return every route."""
    return [
        Route("POST", "/v1/intake/{authority}", SIGNATURE, handlers.intake.post),
        Route("POST", "/v1/intake/{authority}/notices", SIGNATURE, handlers.notices.post),
        Route("POST", "/v1/devices", Role.PLATFORM, handlers.devices.post),
        Route("DELETE", "/v1/users/{user}", Role.PLATFORM, handlers.devices.delete),
        Route("PUT", "/v1/enrolled/{user}", Role.PLATFORM, handlers.enrolment.put),
        Route("DELETE", "/v1/enrolled/{user}", Role.PLATFORM, handlers.enrolment.delete),
        Route("GET", "/v1/alerts", Role.VIEWER, handlers.alerts.get_all),
        Route("GET", "/v1/alerts/{id}", Role.VIEWER, handlers.alerts.get_one),
        Route("GET", "/v1/alerts/{id}/preview", Role.OPERATOR, handlers.preview.get),
        *_actions(handlers.actions),
        Route("GET", "/v1/alerts/{id}/summary", Role.VIEWER, handlers.audit.get_summary),
        Route("GET", "/v1/alarms", Role.VIEWER, handlers.feed.get_alarms),
        Route("GET", "/v1/audit", Role.ADMIN, handlers.audit.get_page),
        Route("POST", "/v1/estimates", Role.VIEWER, handlers.estimates.post),
        Route("GET", "/v1/feed", TICKET, handlers.feed.get),
        Route("POST", "/v1/feed/tickets", Role.VIEWER, handlers.feed.post_ticket),
        Route("GET", "/v1/public/alerts.atom", NOBODY, handlers.public.get_feed),
        Route("GET", "/v1/public/alerts/{id}/cap", NOBODY, handlers.public.get_cap),
        Route("GET", "/health", NOBODY, handlers.health.get_health),
        Route("GET", "/ready", NOBODY, handlers.health.get_ready),
        Route("GET", "/metrics", NOBODY, handlers.metrics.get),
        Route("GET", "/openapi.json", NOBODY, _openapi),
    ]


def _actions(actions: AlertActions) -> list[Route]:
    """Return what people do to alerts: approvals and more people than the cap are for approvers."""
    path = "/v1/alerts/{id}"
    return [
        Route("POST", f"{path}/approval", Role.APPROVER, actions.post_approval),
        Route("POST", f"{path}/release", Role.APPROVER, actions.post_release),
        Route("POST", f"{path}/veto", Role.OPERATOR, actions.post_veto),
        Route("POST", f"{path}/pause", Role.OPERATOR, actions.post_pause),
        Route("POST", f"{path}/resume", Role.OPERATOR, actions.post_resume),
        Route("POST", f"{path}/cancel", Role.OPERATOR, actions.post_cancel),
        Route("POST", f"{path}/found", Role.OPERATOR, actions.post_found),
        Route("POST", f"{path}/update", Role.OPERATOR, actions.post_update),
        Route("POST", f"{path}/extension", Role.OPERATOR, actions.post_extension),
        Route("POST", f"{path}/rings", Role.OPERATOR, actions.post_ring),
    ]


def application(table: Sequence[Route], authenticator: Authenticator, *, encrypted: bool = False) -> web.Application:
    """Return the application that serves `table`; `encrypted`: over TLS."""
    app = web.Application(middlewares=[problems.middleware], client_max_size=CLIENT_MAX_BYTES)
    for route in table:
        handler = _guarded(route, authenticator) if isinstance(route.role, Role) else route.handler
        app.router.add_route(route.method, route.path, handler)
    secure(app, encrypted=encrypted)
    return app


def _guarded(route: Route, authenticator: Authenticator) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    role = Role(route.role)

    async def guard(request: web.Request) -> web.StreamResponse:
        bearer = await authenticator.bearer(request, role)
        if not isinstance(bearer, Bearer):
            return bearer
        request[BEARER] = bearer
        return await route.handler(request)

    return guard


async def _openapi(_: web.Request) -> web.Response:
    return web.Response(body=document(), content_type="application/json")
