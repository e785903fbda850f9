"""Measures of the audience: estimates, passes for late entrants, and Redis' memory for a user.

Bounded: `ESTIMATES` requests, `AREAS_MAX` random areas, the caller's runs of a pass.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import aiohttp
import asyncpg
import msgspec
import numpy as np

from bench.measures import Figure, figure, one_alert, p99
from geo.area import Area, Circle
from geo.connection import connect
from geo.index.position_index import PositionIndex
from geo.index.sample import sample
from geo.index.shards import SHARDS
from server.demo.people import generate

if TYPE_CHECKING:
    from server.demo.scene import Scene
    from server.demo.world import World

ESTIMATES = 100
ESTIMATE_MS = 50.0
AREAS_MAX = 1000
PEOPLE_AN_AREA = 200
COVERED = 0.93
POLL_INTERVAL_S = 0.002
PASS_S = 120.0
SAMPLED_SHARDS = 64
ALL_USERS = 860_000_000


async def estimate(world: World, scene: Scene) -> Figure:
    """Return the milliseconds (p99) of an estimate over HTTP, for the three rings of the default policy."""
    asked = msgspec.json.encode({"longitude": scene.longitude, "latitude": scene.latitude})
    took_ms: list[float] = []
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {world.token}"}) as session:
        for _ in range(ESTIMATES):
            started_s = time.perf_counter()
            async with session.post(f"{world.server_url}/v1/estimates", data=asked) as response:
                await response.read()
                response.raise_for_status()
            took_ms.append((time.perf_counter() - started_s) * 1000)
    return figure([p99(took_ms)], [ESTIMATE_MS], f"ms p99 of {ESTIMATES} estimates (floor: the bound)")


async def coverage(world: World, scene: Scene, people: int) -> Figure:
    """Return the share of random areas whose 95% interval contains the brute-force count."""
    chunks = [positions for positions, _ in generate(people, scene)]
    longitudes = np.concatenate([chunk.longitudes for chunk in chunks])
    latitudes = np.concatenate([chunk.latitudes for chunk in chunks])
    rng = np.random.default_rng(1)
    client = connect(world.redis_url)
    index = PositionIndex(client, ("tpns",))
    held, areas = 0, min(AREAS_MAX, people // PEOPLE_AN_AREA)
    for _ in range(areas):
        row = int(rng.integers(people))
        centre = float(longitudes[row] + rng.normal(0, 0.3)), float(latitudes[row] + rng.normal(0, 0.3))
        area = Area(Circle(*centre, float(rng.uniform(2, 200))))
        exact = int(area.contains(longitudes, latitudes).sum())
        total = (await sample(index, "tpns", [area], int(rng.integers(SHARDS)))).total
        held += total.low <= exact <= total.high
    await client.aclose()
    return figure([held / areas], [COVERED], f"share of {areas} areas in the interval (floor: the bound)")


async def late(world: World, database_url: str, scene: Scene, runs: int) -> Figure:
    """Return the seconds of a pass for late entrants that finds nobody new; floor: the same alert's first sweep."""
    passes: list[float] = []
    firsts: list[float] = []
    connection = await asyncpg.connect(database_url)
    for _ in range(runs):
        firsts.append((await one_alert(world, database_url, scene)).seconds)
        alert = await connection.fetchval("select id from alert order by received_at desc limit 1")
        await connection.execute("update alert set next_sweep_at = now() where id = $1", alert)
        passes.append(await _pass_s(connection, alert))
    await connection.close()
    return figure(passes, firsts, "s for a pass that finds nobody new (floor: the first sweep)")


async def _pass_s(connection: asyncpg.Connection[asyncpg.Record], alert: object) -> float:
    """Return the seconds from the first undone unit of an alert until all are done."""
    undone = """select exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                where s.alert_id = $1 and not u.done)"""
    async with asyncio.timeout(PASS_S):
        while not await connection.fetchval(undone, alert):
            await asyncio.sleep(POLL_INTERVAL_S)
        started_s = time.perf_counter()
        while await connection.fetchval(undone, alert):
            await asyncio.sleep(POLL_INTERVAL_S)
    return time.perf_counter() - started_s


async def user_bytes(world: World, people: int) -> Figure:
    """Return Redis' bytes for a user's position and device record; floor: the position alone."""
    client = connect(world.redis_url)
    everything = position = 0
    for shard in range(0, SHARDS, SHARDS // SAMPLED_SHARDS):
        for name in [key async for key in client.scan_iter(match=f"*{{{shard}}}*", count=10_000)]:
            used = int(await client.memory_usage(name, samples=0) or 0)
            everything += used
            position += used if name.startswith(b"geo:") else 0
    await client.aclose()
    users = people * SAMPLED_SHARDS / SHARDS
    total_gb = everything / users * ALL_USERS / 1e9
    unit = f"bytes a user, {total_gb:,.0f} GB for {ALL_USERS:,} (floor: the position alone)"
    return figure([everything / users], [position / users], unit)
