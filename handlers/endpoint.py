"""An endpoint: does for every route what its declaration says, so that handlers get typed requests and return structs.

Who calls is looked at first, then the path, the query and the body. Bounded: the body by its route, and nothing beyond
the bound is read, whatever the request says of its length.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec
from aiohttp import web

from handlers.auth.signed_webhooks import UNSIGNED
from handlers.auth.webhook_signatures import may_be_signed
from handlers.http import problems
from handlers.http.bearer import BEARER, Bearer
from handlers.http.connections import network_of
from handlers.http.decoding import read
from handlers.http.problem_codes import ProblemCode
from handlers.http.requests import BYTES_PER_S, NO_ALERT_NAMED, alert_id_of, read_bytes, unknown_alert
from handlers.http.responses import json_response
from handlers.http.roles import Proof, Role, SignedIn
from handlers.http.route import Call
from handlers.http.serving.connection import Connection
from handlers.http.serving.large_bodies import BYTES_PER_S as LARGE_BYTES_PER_S
from handlers.http.serving.large_bodies import LargeBodies, PlaceLostError
from handlers.values.text import clean_line
from handlers.values.user import BAD_USER, read_user
from runtime.clock import record_now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from handlers.auth.authenticator import Authenticator
    from handlers.http.route import Body, Route


SENT_AS_MUCH: Final = "others send as much now; nothing was stored"


class Sessions(Protocol):
    """Lets in who is signed in at the console."""

    async def let_in(self, request: web.Request, role: Role) -> Bearer | web.StreamResponse:
        """Return who is signed in, or the page that says why the request is not done."""

    def finish(self, request: web.Request, response: web.StreamResponse) -> None:
        """Give an answer the cookie that takes the place of the one that the request had, if it is time."""


def endpoint(
    route: Route, authenticator: Authenticator, body_s: float, sessions: Sessions | None = None
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return what aiohttp calls for a route; `body_s`: within what time a body is to come."""

    async def serve(request: web.Request) -> web.StreamResponse:
        bearer = await _let_in(route, request, authenticator, sessions)
        if isinstance(bearer, web.StreamResponse):
            return bearer
        if bearer is not None:
            request[BEARER] = bearer
        call = await _read(route, request, body_s)
        if isinstance(call, web.Response):
            return call
        if route.body is not None and isinstance(route.access, Role):
            refused = await authenticator.again(request)
            if refused is not None:
                return refused
        result = await route.handler(call)
        response = result if isinstance(result, web.StreamResponse) else json_response(result, route.answers[0].status)
        if sessions is not None:
            sessions.finish(request, response)
        return response

    at_once = None if route.body is None else route.body.at_once
    return serve if at_once is None else _in_places(serve, route, authenticator, at_once)


def _in_places(
    serve: Callable[[web.Request], Awaitable[web.StreamResponse]],
    route: Route,
    authenticator: Authenticator,
    at_once: int,
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return what serves only so many requests at once, because each of them is large.

    What cannot be signed at all gets no place; who was too slow, or failed too often, is the first to lose one.
    """
    places = LargeBodies(at_once)

    async def serve_in_place(request: web.Request) -> web.StreamResponse:
        if route.access is Proof.SIGNATURE and not may_be_signed(request.headers, record_now()):
            refused = authenticator.unsigned(request, None, UNSIGNED)
            refused.force_close()
            return refused
        peer = network_of(request.remote or "") if authenticator.knows_addresses else None
        is_suspect = authenticator.busy(request) is not None
        try:
            async with places.place(peer, request.content, is_suspect=is_suspect) as has_place:
                if has_place:
                    response = await serve(request)
                    if response.status == HTTPStatus.REQUEST_TIMEOUT:
                        authenticator.slow(request)
                    return response
        except PlaceLostError:
            authenticator.slow(request)
        busy = problems.response(ProblemCode.BUSY, SENT_AS_MUCH, headers=problems.RETRY_AFTER)
        busy.force_close()
        return busy

    return serve_in_place


async def _let_in(
    route: Route, request: web.Request, authenticator: Authenticator, sessions: Sessions | None
) -> Bearer | web.StreamResponse | None:
    """Return who calls a route, None where anybody may, or why they are not let in."""
    if isinstance(route.access, Role):
        return await authenticator.bearer(request, route.access, while_away=route.while_away)
    if not isinstance(route.access, SignedIn):
        return None
    if sessions is None:
        return problems.response(ProblemCode.UNKNOWN_PATH, "there is no console here")
    return await sessions.let_in(request, route.access.role)


async def _read(route: Route, request: web.Request, body_s: float) -> Call[Any] | web.Response:
    """Return a request with its declared parts, or the problem with the first of them that is wrong."""
    path = request.match_info
    alert_id = alert_id_of(path.get("id"))
    if alert_id is None:
        if ProblemCode.UNKNOWN_ALERT in route.problems:
            return unknown_alert()
        alert_id = NO_ALERT_NAMED
    user = read_user(path["user"]) if "user" in path else 0
    if user is None:
        return problems.unparsed(BAD_USER)
    query = None
    if route.query is not None:
        query = _read_query(request, route.query)
        if isinstance(query, web.Response):
            return query
    body = None if route.body is None else await _read_body(request, route.body, body_s)
    if isinstance(body, web.Response):
        return body
    return Call(request, body, alert_id, user, query)


def _read_query(request: web.Request, kind: type[msgspec.Struct]) -> object:
    """Return the query as declared, or the problem with it; a query that takes any name is never refused."""
    if kind.__struct_config__.forbid_unknown_fields and len(set(request.query)) < len(request.query):
        return problems.unparsed("the query has a name twice")
    # A name without a value is no search for everything: here blank is not taken for what is not given. And what is
    # documented counts for the query as it stands.
    given = {name: clean_line(value) for name, value in request.query.items()}
    try:
        msgspec.convert(dict(request.query), kind, strict=False)
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        return problems.unparsed(f"the query is not understood: {error}")


async def _read_body(request: web.Request, declared: Body, body_s: float) -> object:
    """Return the body as declared, or the problem with it."""
    connection = request.protocol if isinstance(request.protocol, Connection) else None
    if connection is not None:
        connection.waits()
    per_s = BYTES_PER_S if declared.at_once is None else LARGE_BYTES_PER_S
    content = await read_bytes(request, declared.bytes_max, body_s, per_s)
    if connection is not None:
        connection.works()
    if isinstance(content, web.Response) or declared.kind is None:
        return content
    decoded = read(content, declared.kind)
    if isinstance(decoded, list):
        return problems.response(ProblemCode.BAD_FIELDS, "the request has bad fields; nothing was changed", decoded)
    return decoded
