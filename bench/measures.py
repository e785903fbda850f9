"""Measures of a running server: medians over several runs, each with its floor.

Bounded: the caller's number of runs, `SENT_S` for an alert to be sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import asyncpg
import msgspec

from bench.floors import geoadds, raw_seconds, searches
from geo.connection import connect
from geo.index.position_index import PositionIndex
from geo.index.shards import SHARDS
from server.administration.file_case import send_case
from server.demo.people import generate
from server.demo.world import AUTHORITY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from geo.area import Area
    from geo.connection import Client
    from server.demo.scene import Scene
    from server.demo.world import World

RUNS = 5
"""Odd, so that the median is the value of a run."""

SENT_S = 300.0
PING_EVERY_S = 0.002
REPORT_BATCH = 10_000
REPORTS = 1_000_000
WEBHOOKS = 30


class Figure(msgspec.Struct, frozen=True):
    """A value with its floor; `spread` is (highest - lowest) / median over the runs."""

    value: float
    floor: float
    ratio: float
    unit: str
    spread: float = 0.0


class Timing(msgspec.Struct, frozen=True):
    """One alert: recipients accepted, and seconds to the last commit, to the webhook's answer, to the first request."""

    accepted: int
    seconds: float
    webhook_s: float
    first_request_s: float


def figure(values: list[float], floors: list[float], unit: str) -> Figure:
    """Return the medians of alternating runs of a measure and its floor."""
    value, floor = statistics.median(values), statistics.median(floors)
    spread = (max(values) - min(values)) / value if value else 0.0
    return Figure(round(value, 3), round(floor, 3), round(value / floor, 3) if floor else 0.0, unit, round(spread, 2))


async def stream(world: World, scene: Scene, runs: int) -> Figure:
    """Return the ids a second of a whole audience through `PositionIndex.stream`; floor: the raw searches."""
    redis = connect(world.redis_url)
    index = PositionIndex(redis, ("tpns",))
    values: list[float] = []
    floors: list[float] = []
    for _ in range(runs):
        started_s = time.perf_counter()
        found = sum([len(found.users) async for found in index.stream("tpns", scene.area, range(SHARDS))])
        values.append(found / (time.perf_counter() - started_s))
        floors.append(found / await floor_s(world, [scene.area]))
    await redis.aclose()
    return figure(values, floors, "ids/s")


async def floor_s(world: World, areas: Sequence[Area]) -> float:
    """Return the seconds of the raw searches of these areas, one after the other."""
    return await asyncio.to_thread(raw_seconds, world.redis_url, searches("tpns", areas))


async def pipeline(
    world: World, database_url: str, idle_redis_url: str, scene: Scene, runs: int
) -> tuple[Figure, Figure]:
    """Return the recipients a second from the webhook to the last ledger commit, and the longest wait of a PING.

    The floor makes the same searches: those of all three rings, the widest of which includes the city.
    A PING's wait is its time beyond a simultaneous PING of an idle Redis, which waits only for a core.
    """
    values: list[float] = []
    floors: list[float] = []
    waits_ms: list[float] = []
    for _ in range(runs):
        async with pinging(world.redis_url, idle_redis_url) as waits:
            timing = await one_alert(world, database_url, scene)
        waits_ms.append(max(waits) * 1000)
        values.append(timing.accepted / timing.seconds)
        floors.append(timing.accepted / await floor_s(world, scene.rings()))
    return figure(values, floors, "recipients/s"), figure(
        waits_ms, [20.0], "ms longest wait of a PING (floor: the bound)"
    )


async def one_alert(world: World, database_url: str, scene: Scene) -> Timing:
    """File a case and wait until it is sent."""
    headers = {"Authorization": f"Bearer {world.token}"}
    async with asyncio.timeout(SENT_S), aiohttp.ClientSession(headers=headers) as session:
        await session.post(f"{world.provider_url}/simulated/reset")
        async with session.ws_connect(f"{world.server_url}/v1/feed") as feed:
            filed_at = datetime.now(UTC)
            started_s = time.perf_counter()
            _, answer = await send_case(world.server_url, AUTHORITY, world.secret, case(scene))
            webhook_s = time.perf_counter() - started_s
            alert = msgspec.json.decode(answer)["alert"]["id"]
            async for message in feed:
                event = message.json()
                if event.get("alert") == alert and event.get("state") == "sent":
                    break
        async with session.get(f"{world.provider_url}/simulated/counts") as response:
            counts = await response.json()
    connection = await asyncpg.connect(database_url)
    last = await connection.fetchval("select max(at) from ledger where alert_id = $1", alert)
    await connection.close()
    if counts["duplicates"]:
        raise RuntimeError(f"{counts['duplicates']} accounts were reached twice")
    return Timing(
        accepted=counts["accepted"],
        seconds=(last - filed_at).total_seconds(),
        webhook_s=webhook_s,
        first_request_s=counts["first_request_at"] - filed_at.timestamp(),
    )


@contextlib.asynccontextmanager
async def pinging(swept_url: str, idle_url: str) -> AsyncIterator[list[float]]:
    """PING both all the time, and collect the seconds that the swept one takes longer."""
    swept, idle = connect(swept_url), connect(idle_url)
    waits: list[float] = []

    async def ping() -> None:
        while True:
            async with asyncio.TaskGroup() as pair:
                slow, quick = (pair.create_task(_ping_s(redis)) for redis in (swept, idle))
            waits.append(slow.result() - quick.result())
            await asyncio.sleep(PING_EVERY_S)

    task = asyncio.create_task(ping(), name="ping")
    try:
        yield waits
    finally:
        task.cancel()
        await asyncio.wait({task})
        await swept.aclose()
        await idle.aclose()


async def _ping_s(redis: Client) -> float:
    started_s = time.perf_counter()
    await redis.ping()
    return time.perf_counter() - started_s


async def reports(world: World, scene: Scene, people: int, runs: int) -> Figure:
    """Return the position reports a second over HTTP (MessagePack); floor: the same GEOADDs as one raw stream."""
    number = min(REPORTS, people)
    chunks = [positions for positions, _ in generate(number, scene)]
    raw = b"".join(geoadds(positions) for positions in chunks)
    at = datetime.now(UTC)
    bodies: list[bytes] = []
    for positions in chunks:
        rows = [
            {"user": user, "lane": "tpns", "longitude": lon, "latitude": lat, "at": at}
            for user, lon, lat in zip(positions.users, positions.longitudes, positions.latitudes, strict=True)
        ]
        bodies += [
            msgspec.msgpack.encode(rows[start : start + REPORT_BATCH]) for start in range(0, len(rows), REPORT_BATCH)
        ]
    values: list[float] = []
    floors: list[float] = []
    headers = {"Authorization": f"Bearer {world.token}", "Content-Type": "application/msgpack"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for _ in range(runs):
            floors.append(number / await asyncio.to_thread(raw_seconds, world.redis_url, raw))
            started_s = time.perf_counter()
            for start in range(0, len(bodies), 2):
                async with asyncio.TaskGroup() as group:
                    for body in bodies[start : start + 2]:
                        group.create_task(_post(session, f"{world.server_url}/v1/devices", body))
            values.append(number / (time.perf_counter() - started_s))
    return figure(values, floors, "reports/s")


async def _post(session: aiohttp.ClientSession, url: str, body: bytes) -> None:
    async with session.post(url, data=body) as response:
        answer = await response.json()
        if response.status != 200 or answer["rejected"]:
            raise RuntimeError(f"reports were answered with {response.status}")


async def webhook(world: World, database_url: str, scene: Scene) -> tuple[Figure, Figure]:
    """Return the milliseconds (p99) to the webhook's answer and to the first request; floors: the design's bounds."""
    answered: list[float] = []
    first: list[float] = []
    for _ in range(WEBHOOKS):
        timing = await one_alert(world, database_url, scene)
        answered.append(timing.webhook_s * 1000)
        first.append(timing.first_request_s * 1000)
    return figure([p99(answered)], [100.0], "ms p99"), figure([p99(first)], [250.0], "ms p99")


def p99(values: list[float]) -> float:
    """Return the 99th percentile."""
    return sorted(values)[max(0, round(len(values) * 0.99) - 1)]


async def cancel(world: World, session: aiohttp.ClientSession, alert: str, filed: bytes) -> None:
    """Cancel an alert of the case that was filed."""
    end = {"reason": "a benchmark", "case_number": msgspec.json.decode(filed)["case_number"]}
    async with session.post(f"{world.server_url}/v1/alerts/{alert}/cancel", json=end) as response:
        if response.status != 200:
            raise RuntimeError(f"cancel was answered {response.status}")


def case(scene: Scene) -> bytes:
    """Return a new case at the centre of `scene`."""
    now = datetime.now(UTC)
    return msgspec.json.encode(
        {
            "case_number": f"BENCH-{time.time_ns()}",
            "status": "actual",
            "reported_at": now,
            "child": {"name": "小明", "age": 6},
            "last_seen": {"at": now, "longitude": scene.longitude, "latitude": scene.latitude},
            "contact": {"name": "福田分局", "phone": "110"},
        }
    )


async def resident_mb(world: World) -> float:
    """Return the server's resident memory in MB."""
    async with aiohttp.ClientSession() as session, session.get(f"{world.server_url}/metrics") as response:
        lines: list[str] = (await response.text()).splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("process_resident_memory_bytes ")) / 1e6


def parent_of(process: int) -> int:
    """Return the id of the process that started a process."""
    return int(_stat(process)[1])


def _stat(process: int) -> list[str]:
    """Return what Linux says of a process, from its state on."""
    return Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()


def cpu_s(process: int, *, children: bool) -> float:
    """Return the CPU seconds of a process, and of its children, those that ended included."""
    ticks = sum(int(value) for value in _stat(process)[11 : 15 if children else 13])
    for entry in Path("/proc").iterdir() if children else ():
        # One may end while it is looked at.
        with suppress(OSError, ValueError):
            stat = _stat(int(entry.name))
            if int(stat[1]) == process:
                ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")
