"""Serves a SIMULATED provider over plain HTTP until it is to stop.

Bounded: `SHUTDOWN_S` for open connections at the end. Errors: OSError when the port cannot be listened on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from server.simulators.faults import SimulatedSettings

SHUTDOWN_S: Final = 0.5


async def serve_http(
    handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
    settings: SimulatedSettings,
    stopping: asyncio.Event,
    ready: Callable[[str], None],
) -> None:
    """Serve until `stopping` is set; `ready` gets the base URL."""
    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        host, port = runner.addresses[0][:2]
        ready(f"http://{host}:{port}")
        await stopping.wait()
    finally:
        await runner.cleanup()
