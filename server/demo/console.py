"""Makes links by which people sign in at the demo's console, and waits until somebody has it open.

Bounded: a link lasts `LINK_LASTS`, and signs in once; `OPENED_S`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

from handlers.console.signing_in.sign_in import LINK_LASTS, add_link
from handlers.http.roles import Role
from server.administration import access
from server.stores import record

if TYPE_CHECKING:
    from server.demo.world import World

HOME = "/console"
LINK_MINUTES = round(LINK_LASTS.total_seconds() / 60)
OPENED_S = 120.0
POLL_INTERVAL_S = 0.5
LISTENING = "qq_alert_feed_clients "


async def sign_in_link(world: World, name: str, role: Role = Role.ADMIN) -> str:
    """Return a link that signs a new person in at the console, once."""
    token_id, _ = await access.create_token(world.settings, world.stores, role, name)
    async with record(world.stores) as pool:
        return world.server_url + await add_link(pool, token_id)


async def opened(world: World) -> None:
    """Return when a page of the console listens to the feed, or after `OPENED_S`."""
    try:
        async with asyncio.timeout(OPENED_S), aiohttp.ClientSession() as session:
            while not await _listeners(session, world):
                await asyncio.sleep(POLL_INTERVAL_S)
    except TimeoutError:
        return


async def _listeners(session: aiohttp.ClientSession, world: World) -> float:
    async with session.get(f"{world.server_url}/metrics") as response:
        lines = (await response.text()).splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(LISTENING))
