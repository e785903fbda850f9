"""Runs `serve-public`: serves published pages and takes in what strangers send, with no way to the stores.

It reads no settings but `[public]`, `[limits]`, `[log]`, `share_port`, `drain_s` and, for where objects are by default,
`state_dir`; it has no TLS of its own. It reaches nothing but the objects. Bounded: the connections of `[limits]`,
`STOP_S` for open requests at the end.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web

from handlers.http.connections import Bounds, Connections
from handlers.http.serving.acceptor import Acceptor, bound
from handlers.http.serving.connection import Rules
from handlers.public.serving.application import application
from handlers.public.serving.beacons import Beacons
from handlers.public.serving.cache import ObjectCache
from handlers.public.serving.published import Published
from handlers.public.serving.quick import Answers, QuickConnection
from handlers.public.serving.readiness import Readiness
from handlers.public.serving.sightings.part import Reporting
from handlers.public.serving.verifying import Verifying
from public.objects import ObjectsAddressError, objects_of
from public.sightings.intake.address_blocks import read_networks
from runtime.tasks import cancel_and_wait
from server.process import stop_event
from server.settings import Settings, SettingsError, address
from server.upkeep.descriptors import FILES, limit_of_process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handlers.http.connections import Place
    from handlers.public.serving.application import Part

STOP_S: Final = 2.0
BACKLOG: Final = 4096
"""A storm's connections come in bursts; the kernel's own limit may be lower."""

OBJECT_FILES: Final = 64
"""Objects that are read or written at once, and connections to a bucket."""

_log = structlog.get_logger("server.serve_public")


async def serve_public(settings: Settings, ready: Callable[[str], None] = lambda _: None) -> None:
    """Serve until a signal to stop; `ready` gets the base URL."""
    stopping = stop_event()
    _check(settings)
    try:
        objects = objects_of(settings.public, settings.state_dir)
    except ObjectsAddressError as error:
        raise SettingsError(f"$.public.objects: {error}") from None
    public, within_s = settings.public, settings.limits.body_s
    cache = ObjectCache(objects, public.languages)
    beacons = Beacons(cache, objects, within_s)
    reporting = Reporting(objects, cache, public, within_s)
    readiness = Readiness(objects, reporting.takes_reports)
    parts: list[Part] = [Published(cache, public.languages[0]), Verifying(cache, public), beacons, reporting, readiness]
    answers = Answers(cache, public.languages[0], beacons.count_at_once)
    url, acceptor, runner = await _listen(settings, parts, answers)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(part.run(), name=type(part).__name__) for part in parts]
        try:
            _log.info("public.ready")
            ready(url)
            await stopping.wait()
            _log.info("public.stopping", drain_s=settings.drain_s)
            readiness.stopping = True
            # Whoever balances the load sees that and sends nobody here any more, before the listener closes.
            await asyncio.sleep(settings.drain_s)
            acceptor.close()
            await runner.cleanup()
        finally:
            await cache.close()
            await cancel_and_wait(tasks)
    _log.info("public.stopped")


def _check(settings: Settings) -> None:
    """Refuse what could not be meant; SettingsError says why."""
    if settings.tls is not None:
        raise SettingsError(
            "$.tls: serve-public has no TLS of its own: put nginx before it (examples/nginx-public.conf)"
        )
    try:
        read_networks(settings.public.sightings.trusted_proxies)
    except ValueError as error:
        raise SettingsError(f"$.public.sightings.trusted_proxies: {error}") from None


async def _listen(settings: Settings, parts: Sequence[Part], answers: Answers) -> tuple[str, Acceptor, web.AppRunner]:
    host, port = address(settings.public.listen, "$.public.listen")
    runner = web.AppRunner(application(parts), access_log=None, shutdown_timeout=STOP_S)
    await runner.setup()
    if runner.server is None:
        raise RuntimeError("a runner without a server after its setup")
    try:
        sockets = await bound(host, port, BACKLOG, is_shared=settings.share_port)
    except OSError as error:
        await runner.cleanup()
        raise SettingsError(f"cannot listen on {settings.public.listen}: {error.strerror}") from None
    limits = settings.limits
    total = min(limits.connections, limit_of_process() - FILES - OBJECT_FILES)
    bounds = Bounds(total, min(limits.connections_per_address, total) if limits.per_address else 0)
    rules = Rules(limits.headers_s, limits.response_s, lambda _: None)
    acceptor = Acceptor(sockets, Connections(bounds), partial(_connection, runner.server, rules, answers), None)
    name = sockets[0].getsockname()
    return f"http://{name[0]}:{name[1]}", acceptor, runner


def _connection(server: web.Server, rules: Rules, answers: Answers, place: Place) -> QuickConnection:
    return QuickConnection(server, place, rules, answers.answer)
