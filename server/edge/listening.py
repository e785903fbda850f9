"""Listens on the configured addresses and serves the routes.

Whatever a client keeps the server waiting for has a deadline (`handlers.http.serving.connection`); how many connections
may be open depends on how many descriptors there are (`server.upkeep.descriptors`). Bounded: `BACKLOG` connections that
wait to be accepted, `EDGE_GRACE_S` for open connections at the end.
"""

from __future__ import annotations

import ssl
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import structlog
from aiohttp import web

from handlers.http.connections import Bounds, Connections
from handlers.http.serving.acceptor import Acceptor, bound
from handlers.http.serving.connection import Connection, Rules
from handlers.routes import METRICS_PATH, PROBES, Handlers, application, routes
from server.settings import Settings, SettingsError, TlsSettings, address
from server.upkeep.descriptors import INNER_CONNECTIONS, budget

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlers.auth.authenticator import Authenticator
    from handlers.endpoint import Sessions
    from handlers.http.connections import Place
    from handlers.http.route import Route

EDGE_GRACE_S = 2.0
BACKLOG = 1024

_log = structlog.get_logger("server.edge.listening")


class Listener(NamedTuple):
    """One address that is listened on: its base URL, and what serves it."""

    url: str
    acceptor: Acceptor
    runner: web.AppRunner
    reload: Callable[[], None] = lambda: None
    """Reads its certificate and key again, for all handshakes from now on; SettingsError: the ones before stay."""

    async def close(self) -> None:
        """Accept nothing more, and let open requests end within `EDGE_GRACE_S`."""
        self.acceptor.close()
        await self.runner.cleanup()


async def listen(settings: Settings, handlers: Handlers, authenticator: Authenticator) -> list[Listener]:
    """Start listening, first on the public address. SettingsError when an address or TLS cannot be used."""
    table, sessions = routes(handlers), handlers.console and handlers.console.sessions
    own = settings.metrics.listen
    bounds = _bounds(settings)
    if own is None:
        return [await _listen(table, authenticator, settings, settings.listen, settings.tls, bounds, sessions)]
    public = [route for route in table if route.path != METRICS_PATH]
    listener = await _listen(public, authenticator, settings, settings.listen, settings.tls, bounds, sessions)
    try:
        probed = [route for route in table if route.path in PROBES]
        metrics = [route for route in table if route.path == METRICS_PATH]
        probed += [replace(route, handler=handlers.ops.metrics.get_own) for route in metrics]
        inner = await _listen(probed, authenticator, settings, own, None, Bounds(INNER_CONNECTIONS, 0), is_inner=True)
    except SettingsError:
        await listener.close()
        raise
    return [listener, inner]


def _bounds(settings: Settings) -> Bounds:
    """Return the bounds of connections: behind a proxy, whose address they all have, only that of all together."""
    left = budget(settings)
    _log.info("server.descriptors", limit=left.limit, reserved=left.reserved, connections=left.connections)
    return Bounds(left.connections, left.connections_per_address if settings.limits.per_address else 0)


async def _listen(
    table: list[Route],
    authenticator: Authenticator,
    settings: Settings,
    listen: str,
    tls: TlsSettings | None,
    bounds: Bounds,
    sessions: Sessions | None = None,
    *,
    is_inner: bool = False,
) -> Listener:
    host, port = address(listen, "$.listen")
    limits, is_shared = settings.limits, settings.share_port and listen == settings.listen
    app = application(
        table, authenticator, sessions=sessions, body_s=limits.body_s, encrypted=tls is not None, is_inner=is_inner
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=EDGE_GRACE_S)
    await runner.setup()
    if runner.server is None:
        raise RuntimeError("a runner without a server after its setup")
    context = _ssl(tls)
    try:
        sockets = await bound(host, port, BACKLOG, is_shared=is_shared)
    except OSError as error:
        await runner.cleanup()
        raise SettingsError(f"cannot listen on {listen}: {error.strerror}") from None
    name = sockets[0].getsockname()
    url = f"{'https' if tls else 'http'}://{name[0]}:{name[1]}"
    rules = Rules(limits.headers_s, limits.response_s, authenticator.malformed)
    acceptor = Acceptor(sockets, Connections(bounds), partial(_connection, runner.server, rules), context)
    if context is None or tls is None:
        return Listener(url, acceptor, runner)
    return Listener(url, acceptor, runner, partial(_load, context, tls))


def _connection(server: web.Server, rules: Rules, place: Place) -> Connection:
    return Connection(server, place, rules)


def _ssl(tls: TlsSettings | None) -> ssl.SSLContext | None:
    if tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, tls)
    return context


def _load(context: ssl.SSLContext, tls: TlsSettings) -> None:
    """Read certificate, key and the CA of clients into a context."""
    try:
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.client_ca is not None:
            context.load_verify_locations(tls.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"$.tls: {type(error).__name__} while reading certificate, key or client_ca") from None
