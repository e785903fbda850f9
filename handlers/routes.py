"""Routes: handlers flow in, the aiohttp application flows out; every route declares who may use it.

Bounded: `CLIENT_MAX_BYTES` of any body; intake bounds its own more tightly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from handlers import problems
from handlers.access import ALLOWS, BEARER, Gatekeeper, Role
from handlers.devices import BODY_BYTES as CLIENT_MAX_BYTES
from handlers.openapi import document

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from aiohttp.typedefs import Handler

    from handlers.alerts import Alerts
    from handlers.audit import Audit
    from handlers.devices import Devices
    from handlers.estimates import Estimates
    from handlers.feed import Feed
    from handlers.health import Health
    from handlers.intake import Intake
    from handlers.metrics import Metrics

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
    audit: Audit
    estimates: Estimates
    feed: Feed
    health: Health
    metrics: Metrics


def routes(handlers: Handlers) -> list[Route]:
    """Return every route."""
    return [
        Route("POST", "/v1/intake/{authority}", SIGNATURE, handlers.intake.post),
        Route("POST", "/v1/devices", Role.PLATFORM, handlers.devices.post),
        Route("DELETE", "/v1/users/{user}", Role.PLATFORM, handlers.devices.delete),
        Route("GET", "/v1/alerts", Role.VIEWER, handlers.alerts.get_all),
        Route("GET", "/v1/alerts/{id}", Role.VIEWER, handlers.alerts.get_one),
        Route("POST", "/v1/alerts/{id}/rings", Role.OPERATOR, handlers.alerts.post_ring),
        Route("GET", "/v1/alerts/{id}/summary", Role.VIEWER, handlers.audit.get_summary),
        Route("GET", "/v1/audit", Role.ADMIN, handlers.audit.get_page),
        Route("POST", "/v1/estimates", Role.VIEWER, handlers.estimates.post),
        Route("GET", "/v1/feed", TICKET, handlers.feed.get),
        Route("POST", "/v1/feed/tickets", Role.VIEWER, handlers.feed.post_ticket),
        Route("GET", "/health", NOBODY, handlers.health.get_health),
        Route("GET", "/ready", NOBODY, handlers.health.get_ready),
        Route("GET", "/metrics", NOBODY, handlers.metrics.get),
        Route("GET", "/openapi.json", NOBODY, _openapi),
    ]


def application(table: Sequence[Route], gatekeeper: Gatekeeper) -> web.Application:
    """Return the application that serves `table`."""
    app = web.Application(middlewares=[problems.middleware, _headers], client_max_size=CLIENT_MAX_BYTES)
    for route in table:
        handler = _guarded(route, gatekeeper) if isinstance(route.role, Role) else route.handler
        app.router.add_route(route.method, route.path, handler)
    return app


def _guarded(route: Route, gatekeeper: Gatekeeper) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    allowed = ALLOWS[Role(route.role)]

    async def guard(request: web.Request) -> web.StreamResponse:
        bearer = await gatekeeper.bearer_of(request.headers.get("Authorization"))
        if bearer is None:
            return problems.response(401, "a bearer token is needed", headers={"WWW-Authenticate": "Bearer"})
        if bearer.role not in allowed:
            return problems.response(403, f"this needs the role {route.role}")
        request[BEARER] = bearer
        return await route.handler(request)

    return guard


@web.middleware
async def _headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await handler(request)
    if not response.prepared:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
    return response


async def _openapi(_: web.Request) -> web.Response:
    return web.Response(body=document(), content_type="application/json")
