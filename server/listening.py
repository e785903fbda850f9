"""Listens on the configured addresses and serves the routes.

Bounded: `BACKLOG` connections that wait to be accepted, `EDGE_GRACE_S` for open connections at the end.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from aiohttp import web

from handlers.routes import METRICS_PATH, Handlers, application, routes
from server.settings import Settings, SettingsError, TlsSettings, address

if TYPE_CHECKING:
    from handlers.auth.authenticator import Authenticator
    from handlers.http.route import Route

EDGE_GRACE_S = 2.0
BACKLOG = 1024


async def listen(
    settings: Settings, handlers: Handlers, authenticator: Authenticator
) -> tuple[list[web.AppRunner], str]:
    """Start listening; returns the runners and the base URL. SettingsError when an address or TLS cannot be used."""
    table = routes(handlers)
    own = settings.metrics.listen
    if own is None:
        runner, url = await _runner(table, authenticator, settings.listen, settings.tls)
        return [runner], url
    public = [route for route in table if route.path != METRICS_PATH]
    runner, url = await _runner(public, authenticator, settings.listen, settings.tls)
    try:
        inner, _ = await _runner([route for route in table if route.path == METRICS_PATH], authenticator, own, None)
    except SettingsError:
        await runner.cleanup()
        raise
    return [runner, inner], url


async def _runner(
    table: list[Route], authenticator: Authenticator, listen: str, tls: TlsSettings | None
) -> tuple[web.AppRunner, str]:
    host, port = address(listen, "$.listen")
    app = application(table, authenticator, encrypted=tls is not None)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=EDGE_GRACE_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=_ssl(tls), backlog=BACKLOG).start()
    except OSError as error:
        await runner.cleanup()
        raise SettingsError(f"cannot listen on {listen}: {error.strerror}") from None
    bound = runner.addresses[0]
    return runner, f"{'https' if tls else 'http'}://{bound[0]}:{bound[1]}"


def _ssl(tls: TlsSettings | None) -> ssl.SSLContext | None:
    if tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.client_ca is not None:
            context.load_verify_locations(tls.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"$.tls: {type(error).__name__} while reading certificate, key or client_ca") from None
    return context
