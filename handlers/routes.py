"""The table of all routes, and the application that serves it.

Every route declares who may use it and what it takes. Bounded: `BODY_BYTES_MAX` of any body; each route bounds its own.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web

import handlers.console.routes
import handlers.operators.routes
import handlers.ops.routes
import handlers.platform.routes
import handlers.police.routes
import handlers.public.routes
from handlers.endpoint import endpoint
from handlers.http import problems
from handlers.http.headers import secure
from handlers.http.openapi import document
from handlers.http.problem_codes import ProblemCode
from handlers.http.reuse.kept import Form, Kept, cached, form_of
from handlers.http.roles import Proof
from handlers.http.route import JSON, Answer, Route
from handlers.http.serving.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.typedefs import Handler, Middleware

    from handlers.auth.authenticator import Authenticator
    from handlers.console.routes import ConsoleHandlers
    from handlers.endpoint import Sessions
    from handlers.http.route import Call
    from handlers.operators.routes import OperatorHandlers
    from handlers.ops.routes import OpsHandlers
    from handlers.platform.routes import PlatformHandlers
    from handlers.police.routes import PoliceHandlers
    from handlers.public.alerts import Public

METRICS_PATH = "/metrics"
PROBES = ("/health", "/ready")
BODY_S = 25.0
DESCRIPTION_MAX_AGE_S = 60
"""It changes only with the version of the server."""


class Handlers(NamedTuple):
    """All handlers, by caller."""

    police: PoliceHandlers
    platform: PlatformHandlers
    operators: OperatorHandlers
    public: Public
    ops: OpsHandlers
    console: ConsoleHandlers | None


def routes(of: Handlers) -> list[Route]:
    """Return every route, the document that describes them included."""
    table = [
        *handlers.police.routes.routes(of.police),
        *handlers.platform.routes.routes(of.platform),
        *handlers.operators.routes.routes(of.operators),
        *handlers.public.routes.routes(of.public),
        *handlers.ops.routes.routes(of.ops),
    ]
    table += [] if of.console is None else handlers.console.routes.routes(of.console)
    table.append(_description(table))
    table += [head for route in table if (head := route.without_body()) is not None]
    return table


def _description(table: list[Route]) -> Route:
    """Return the route of the OpenAPI document of all routes, itself too, which is made when it is first read."""

    async def make() -> Form:
        return await asyncio.to_thread(lambda: form_of(document(table), JSON, compresses=True))

    described = Kept(make, float("inf"))

    async def get(call: Call[None]) -> web.Response:
        form = await described.get()
        assert form is not None  # nosec B101 # noqa: S101 - it is always made
        return cached(call.request, form, DESCRIPTION_MAX_AGE_S)

    return Route(
        method="GET",
        path="/openapi.json",
        access=Proof.PUBLISHED,
        operation="read_description",
        summary="This document.",
        tag="ops",
        handler=get,
        answers=(
            Answer(200, "OpenAPI 3.1.", dict[str, Any]),
            Answer(304, "Not changed since the ETag that was sent."),
        ),
    )


async def _expect_nothing(_: web.Request) -> None:
    """Leave `Expect` to who reads the body: aiohttp invites one that nobody will read."""


def _counted(authenticator: Authenticator) -> Middleware:
    """Return what counts against its address what no parser can read, whoever sent it, and what ends in a bug."""

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        refused = authenticator.malformed(request.remote) if problems.is_counted(answer) else None
        return refused or answer

    return count


@web.middleware
async def _probes_alone(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Serve nothing but probes on the connections that are kept for them."""
    protocol = request.protocol
    if isinstance(protocol, Connection) and protocol.is_probe and request.path not in {METRICS_PATH, *PROBES}:
        detail = "as many connections are open as there may be"
        return problems.response(ProblemCode.BUSY, detail, headers=problems.RETRY_AFTER)
    return await handler(request)


def _in_turn(authenticator: Authenticator, table: Sequence[Route]) -> Middleware:
    """Return what has all wait for their turn who have not proved who they are, whatever they ask for."""
    accesses = {route.path: route.access for route in table if route.access in {Proof.SIGNATURE, Proof.PUBLISHED}}

    @web.middleware
    async def wait(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        access = None if resource is None else accesses.get(resource.canonical)
        refused = await authenticator.strangers.wait(request, access)
        return await handler(request) if refused is None else refused

    return wait


def application(
    table: Sequence[Route],
    authenticator: Authenticator,
    *,
    sessions: Sessions | None = None,
    body_s: float = BODY_S,
    encrypted: bool = False,
    is_inner: bool = False,
) -> web.Application:
    """Return the application that serves `table`; `body_s`: within what time a body comes; `encrypted`: over TLS.

    `is_inner`: no stranger reaches it, so that nobody takes turns.
    """
    bytes_max = max((route.body.bytes_max for route in table if route.body is not None), default=0)
    middlewares = [_counted(authenticator), problems.middleware, _probes_alone]
    app = web.Application(
        middlewares=middlewares if is_inner else [*middlewares, _in_turn(authenticator, table)],
        client_max_size=bytes_max,
    )
    for route in table:
        serve = endpoint(route, authenticator, body_s, sessions)
        app.router.add_route(route.method, route.path, serve, expect_handler=_expect_nothing)
    secure(app, encrypted=encrypted)
    return app
