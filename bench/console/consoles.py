"""Compare the pipeline's rate with fifty consoles open to that without.

A console here is no browser: it speaks to the server as the pages' modules do, that is, it opens the feed with `beat`,
reads every message, and asks for the parts of its page again when an alert changes, at most as often as they do. Half
of them are overviews, half watch the alert. They run in this process, on the machine's same cores.
Bounded: `CONSOLES` consoles, the caller's runs.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import aiohttp

from bench.measures import Figure, figure, one_alert

if TYPE_CHECKING:
    from server.demo.scene import Scene
    from server.demo.world import World

CONSOLES: Final = 50
EVERY_S: Final = 1.0
RATES_EVERY_S: Final = 5.0


async def consoles(world: World, database_url: str, scene: Scene, runs: int) -> Figure:
    """Return the recipients a second with fifty consoles; floor: without."""
    values: list[float] = []
    floors: list[float] = []
    for _ in range(runs):
        timing = await one_alert(world, database_url, scene)
        floors.append(timing.accepted / timing.seconds)
        async with AsyncExitStack() as stack:
            await _open(world, stack)
            timing = await one_alert(world, database_url, scene)
        values.append(timing.accepted / timing.seconds)
    return figure(values, floors, f"recipients/s with {CONSOLES} consoles, spoken by a program (floor: without)")


async def _open(world: World, stack: AsyncExitStack) -> None:
    group = await stack.enter_async_context(asyncio.TaskGroup())
    readers: list[asyncio.Task[None]] = []
    for number in range(CONSOLES):
        jar = aiohttp.CookieJar(unsafe=True)
        session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        headers = {"Origin": world.server_url, "Sec-Fetch-Site": "same-origin"}
        form = {"token": world.token, "following": "/console"}
        await session.post(f"{world.server_url}/console/sign-in", data=form, headers=headers)
        async with session.post(f"{world.server_url}/console/feed-ticket", headers=headers) as response:
            ticket = (await response.json())["ticket"]
        socket = await session.ws_connect(f"{world.server_url}/v1/feed?ticket={ticket}&beat=1", origin=world.server_url)
        readers.append(group.create_task(_watch(world, session, socket, is_overview=number % 2 == 0)))
    stack.callback(lambda: [reader.cancel() for reader in readers])


async def _watch(
    world: World, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse, *, is_overview: bool
) -> None:
    """Read the feed, and ask for the parts of a page when they would be."""
    loop = asyncio.get_running_loop()
    last: dict[str, float] = {}
    async for message in socket:
        event = message.json()
        alert = event.get("alert")
        parts = [] if event["type"] not in {"alert", "snapshot"} else ["/part/cards", "/part/places"]
        if not is_overview:
            of_alert = f"/alerts/{alert}/part"
            parts = [] if alert is None else [f"{of_alert}/rates"]
            parts += [f"{of_alert}/state", f"{of_alert}/map"] if event["type"] == "alert" else []
        for part in parts:
            if loop.time() - last.get(part, 0.0) >= (RATES_EVERY_S if part.endswith("rates") else EVERY_S):
                last[part] = loop.time()
                async with session.get(f"{world.server_url}/console{part}") as response:
                    await response.read()
