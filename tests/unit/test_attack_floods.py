"""The floods of an attack run until they are stopped, and leave nothing."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from aiohttp import web

from push.transport.http2 import Http2Settings
from push.transport.http2_lane import Http2Lane
from tests.attack.floods.hostile_provider import HostileHttp2Provider
from tests.attack.floods.public_feed import READERS, PublicFeed
from tests.support.http2.peer import HEAD, calls, judge
from tests.support.providers.clearances import CLEAR


async def test_readers_of_what_is_public_read_until_they_are_stopped() -> None:
    """Each of them all kinds, one after the other."""
    stop, paths = asyncio.Event(), list[str]()

    async def answer(request: web.BaseRequest) -> web.Response:
        paths.append(request.path)
        if len(paths) >= 10 * READERS:
            stop.set()
        return web.Response()

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    world = SimpleNamespace(server_url=f"http://127.0.0.1:{runner.addresses[0][1]}", alerts=["a"])
    await PublicFeed().run(world, stop)
    await runner.cleanup()
    assert {"/v1/public/alerts.atom", "/v1/public/alerts/a/cap", "/openapi.json"} < set(paths)


async def test_a_hostile_provider_floods_until_it_is_stopped() -> None:
    """A client loses its connection to it."""
    stop, flood = asyncio.Event(), HostileHttp2Provider()
    running = asyncio.create_task(flood.run(None, stop))
    [url] = flood.lane_env().values()
    lane = Http2Lane(Http2Settings(url=url))
    [result] = await lane.send_all(HEAD, calls(1), judge, CLEAR)
    assert result is not None
    assert result.reason == "0 the connection was lost"
    await lane.close()
    stop.set()
    await running
