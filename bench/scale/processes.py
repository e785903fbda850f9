"""Several servers on the same stores: what a recipient and a report cost, by their number.

The push provider is SIMULATED. On two cores the seconds prove nothing, so CPU is measured: of all servers, Redis and
PostgreSQL. Every ratio is to one server in the same run. Bounded: `PROCESSES`, the caller's people and runs.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import aiohttp
import asyncpg
import click
import msgspec
import numpy as np

from bench.measures import Figure, one_alert
from bench.scale.machine import Machine, machine_of
from bench.scale.reporters import BATCH, Reporters
from server.demo.lanes import TPNS, environ
from server.demo.people import generate, populate
from server.demo.scene import boundaries, scene_of
from server.demo.world import World, another_server, provider, server

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from server.embedded import StoreUrls

PROCESSES: Final = (1, 2, 4)
PEOPLE: Final = 1_000_000
REQUESTS: Final = 240
"""Of `BATCH` reports each, to the servers in turn, `AT_ONCE` at a time; fewer of fewer people."""

AT_ONCE: Final = 8
WORKERS: Final = 16
_END: Final = "update alert set expires = now()"
"""A server that starts has every live alert swept again, which is no part of what a recipient costs."""


class Cost(msgspec.Struct):
    """Microseconds of CPU for a recipient and for a report, of all processes together, by the number of servers."""

    recipient_us: dict[int, float] = {}
    report_us: dict[int, float] = {}


async def processes(stores: StoreUrls, folder: Path, people: int, runs: int) -> dict[str, Figure]:
    """Return the CPU of a recipient and of a report with the most servers; floors: with one."""
    if stores.postgres is None or stores.redis is None:
        raise RuntimeError("the benchmarks need both stores")
    number, cost = min(people, PEOPLE), Cost()
    await populate(stores.redis, number, scene_of(), lambda _: None)
    async with AsyncExitStack() as stack:
        endpoint = await stack.enter_async_context(provider(TPNS, folder))
        settings = environ(TPNS, folder, endpoint, workers=str(WORKERS))
        first = server(stores, folder, {TPNS: endpoint}, settings, boundaries())
        world = await stack.enter_async_context(first)
        machine = await machine_of(stores, world)
        urls = [world.server_url]
        for servers in PROCESSES:
            while len(urls) < servers:
                another = another_server(stores, folder, settings, boundaries())
                url, pid = await stack.enter_async_context(another)
                urls.append(url)
                machine.servers.append(pid)
            used_us = await _recipient_us(world, stores, machine, runs)
            _say(servers, "recipient", used_us)
            cost.recipient_us[servers] = float(used_us.sum())
        # Last, because who reports from the rim of an area may come into it.
        reporters, requests = _reporters(world, number), AT_ONCE * max(1, REQUESTS * number // PEOPLE // AT_ONCE)
        for servers in PROCESSES:
            before_s = machine.used_s()
            await _report(world, reporters, urls[:servers], requests)
            used_us = (machine.used_s() - before_s) / (requests * BATCH) * 1e6
            _say(servers, "report", used_us)
            cost.report_us[servers] = float(used_us.sum())
    return _figures(cost)


def _say(servers: int, what: str, used_us: NDArray[np.float64]) -> None:
    server_us, redis_us, postgres_us = used_us.tolist()
    click.echo(
        f"{servers} servers: {used_us.sum():.2f} us of CPU a {what} (servers {server_us:.2f}, Redis {redis_us:.2f}, "
        f"PostgreSQL {postgres_us:.2f})",
        err=True,
    )


async def _recipient_us(world: World, stores: StoreUrls, machine: Machine, runs: int) -> NDArray[np.float64]:
    used_us: list[NDArray[np.float64]] = []
    connection = await asyncpg.connect(stores.postgres)
    # The first alert of a process fills its caches.
    for _ in range(1 + runs):
        before_s = machine.used_s()
        accepted = (await one_alert(world, str(stores.postgres), scene_of())).accepted
        used_us.append((machine.used_s() - before_s) / accepted * 1e6)
        await connection.execute(_END)
    await connection.close()
    del used_us[0]
    return sorted(used_us, key=lambda one: float(one.sum()))[len(used_us) // 2]


def _reporters(world: World, people: int) -> Reporters:
    chunks = [positions for positions, _ in generate(people, scene_of())]
    columns = [
        np.concatenate([np.array(getattr(chunk, name)) for chunk in chunks])
        for name in ("longitudes", "latitudes", "users")
    ]
    return Reporters(world, *columns)


async def _report(world: World, reporters: Reporters, urls: Sequence[str], requests: int) -> None:
    """Send so many requests, a multiple of `AT_ONCE`, to the servers in turn."""
    headers = {"Authorization": f"Bearer {world.token}", "Content-Type": "application/msgpack"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for start in range(0, requests, AT_ONCE):
            async with asyncio.TaskGroup() as group:
                for number in range(start, start + AT_ONCE):
                    sent = reporters.post(session, reporters.residents(BATCH), urls[number % len(urls)])
                    group.create_task(sent)


def _figures(cost: Cost) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for what, by_servers in (("recipient", cost.recipient_us), ("report", cost.report_us)):
        floor = by_servers[PROCESSES[0]]
        for servers, used_us in by_servers.items():
            unit = f"us of CPU a {what} (floor: {PROCESSES[0]} server)"
            name = f"{servers} servers: {what}"
            figures[name] = Figure(round(used_us, 3), round(floor, 3), round(used_us / floor, 2), unit)
    return figures
