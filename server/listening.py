"""Listens on the configured addresses and serves the routes.

A connection that is idle, or on which the headers of a request are not complete, is closed after `headers_s`. Bounded:
`BACKLOG` connections that wait to be accepted, the configured ones that are open, `HANDSHAKE_S` for the handshake of
TLS, `EDGE_GRACE_S` for open connections at the end.
"""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from handlers.http.connections import Bounds, Connections
from handlers.routes import METRICS_PATH, PROBES, Handlers, application, routes
from server.settings import Settings, SettingsError, TlsSettings, address

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlers.auth.authenticator import Authenticator
    from handlers.auth.limits import LimitSettings
    from handlers.http.route import Route

EDGE_GRACE_S = 2.0
LINGERING_S = 2.0
"""For so long the rest of a body is read that was answered before its end, so that its sender sees the answer."""

HANDSHAKE_S = 15.0
BACKLOG = 1024


class Listener(NamedTuple):
    """One address that is listened on: its base URL, and what serves it."""

    url: str
    server: asyncio.Server
    runner: web.AppRunner
    reload: Callable[[], None] = lambda: None
    """Reads its certificate and key again, for all handshakes from now on; SettingsError: the ones before stay."""

    async def close(self) -> None:
        """Accept nothing more, and let open requests end within `EDGE_GRACE_S`."""
        self.server.close()
        await self.runner.cleanup()


async def listen(settings: Settings, handlers: Handlers, authenticator: Authenticator) -> list[Listener]:
    """Start listening, first on the public address. SettingsError when an address or TLS cannot be used."""
    table = routes(handlers)
    own = settings.metrics.listen
    if own is None:
        return [await _listen(table, authenticator, settings, settings.listen, settings.tls)]
    public = [route for route in table if route.path != METRICS_PATH]
    listener = await _listen(public, authenticator, settings, settings.listen, settings.tls)
    try:
        probed = [route for route in table if route.path in {METRICS_PATH, *PROBES}]
        inner = await _listen(probed, authenticator, settings, own, None)
    except SettingsError:
        await listener.close()
        raise
    return [listener, inner]


def _bounds(limits: LimitSettings) -> Bounds:
    """Return the bounds of connections: behind a proxy, whose address they all have, only that of all together."""
    return Bounds(limits.connections, limits.connections_per_address if limits.per_address else 0)


async def _listen(
    table: list[Route], authenticator: Authenticator, settings: Settings, listen: str, tls: TlsSettings | None
) -> Listener:
    host, port = address(listen, "$.listen")
    limits, is_shared = settings.limits, settings.share_port and listen == settings.listen
    app = application(table, authenticator, body_s=limits.body_s, encrypted=tls is not None)
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=EDGE_GRACE_S,
        keepalive_timeout=limits.headers_s,
        lingering_time=LINGERING_S,
        auto_decompress=False,
    )
    await runner.setup()
    if runner.server is None:
        raise RuntimeError("a runner without a server after its setup")
    context = _ssl(tls)
    try:
        server = await asyncio.get_running_loop().create_server(
            Connections(_bounds(limits)).serving(runner.server),
            host,
            port,
            ssl=context,
            ssl_handshake_timeout=None if context is None else HANDSHAKE_S,
            backlog=BACKLOG,
            reuse_port=is_shared,
        )
    except OSError as error:
        await runner.cleanup()
        raise SettingsError(f"cannot listen on {listen}: {error.strerror}") from None
    bound = server.sockets[0].getsockname()
    url = f"{'https' if tls else 'http'}://{bound[0]}:{bound[1]}"
    if context is None or tls is None:
        return Listener(url, server, runner)
    return Listener(url, server, runner, partial(_load, context, tls))


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
