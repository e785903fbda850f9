"""`./run bench` runs the named measures and prints a table, or one JSON object, of value, floor, ratio and spread.

The push provider is SIMULATED. Compare ratios, not absolute figures: machines differ and are noisy.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import click
import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from bench import audience, lanes, measures
from bench.console.consoles import consoles
from bench.console.pages import overview, visits
from bench.console.pauses import pauses
from bench.public.storm import storms
from bench.scale.crowd import crowd, crowd_in_lanes
from bench.scale.entrants import PEOPLE, entrants
from bench.scale.national import RESIDENTS, national
from bench.scale.processes import processes
from bench.stop import CANCELS, stop
from server.demo.lanes import TPNS, environ
from server.demo.people import populate
from server.demo.scene import boundaries, scene_of
from server.demo.world import World, another_server, provider, running, server
from server.embedded import EmbeddedStores, StoreUrls

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bench.measures import Figure

    Work = Callable[[StoreUrls, Path], Coroutine[object, object, dict[str, Figure]]]

NAMES = (
    "stream",
    "pipeline",
    "reports",
    "webhook",
    "memory",
    "feed",
    "estimate",
    "late",
    "users",
    "lanes",
    "stop",
    "crowd",
    "crowd-lanes",
    "national",
    "entrants",
    "processes",
    "console",
    "storm",
)
ON_REQUEST = {"national"}
"""What takes a quarter of an hour and most of the memory is run by its name only."""

WORKERS = 16
FEW = 200_000
STOPPED_PEOPLE = 1_000_000
CONSOLE_PEOPLE = 4_000_000
"""An alert that lasts for some seconds: what pages read when it begins is no part of their cost while it is sent."""
SLOW_PER_S = 2_000
"""So that fifty alerts are being sent for longer than anybody looks."""

FEED_CLIENTS = 1000
FEED_STUCK = 10


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--people", type=click.IntRange(1000), default=5_000_000, show_default=True)
@click.option("--runs", type=click.IntRange(1, 99), default=measures.RUNS, show_default=True)
@click.option("--cancels", type=click.IntRange(1, 1000), default=CANCELS, show_default=True)
@click.option("--residents", type=click.IntRange(1000), default=RESIDENTS, show_default=True, help="For `national`.")
@click.option("--json", "as_json", is_flag=True)
def bench(names: tuple[str, ...], people: int, runs: int, cancels: int, residents: int, *, as_json: bool) -> None:
    """Measure against floors, with SIMULATED push providers."""
    figures: dict[str, Figure] = {}
    console = Console(stderr=True)
    chosen = set(names) or {*NAMES} - ON_REQUEST
    if chosen & {"stream", "pipeline", "reports", "feed", "estimate", "users"}:
        figures |= _in_world(lambda stores, folder: _big(console, stores, folder, people, runs, chosen))
    if chosen & {"estimate", "late"}:
        figures |= _in_world(lambda stores, folder: _audience(stores, folder, min(people, FEW), runs, chosen))
    if "webhook" in chosen:
        figures |= _in_world(_webhook)
    if "memory" in chosen:
        figures |= _in_world(lambda stores, folder: _memory(console, stores, folder, people))
    for name, work in _alone(people, runs, cancels, residents).items():
        if name in chosen:
            figures |= _in_world(work)
    _print(figures, as_json=as_json)


def _print(figures: dict[str, Figure], *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(figures).decode())
        return
    table = Table("measure", "value", "floor", "ratio", "spread", "unit", title="push providers: SIMULATED")
    for name, f in figures.items():
        table.add_row(
            name,
            f"{f.value:,.{3 if f.value < 10 else 1}f}",
            f"{f.floor:,.{3 if f.floor < 10 else 1}f}",
            f"{f.ratio:.2f}",
            f"{f.spread:.2f}",
            f.unit,
        )
    Console(width=140).print(table)


def _alone(people: int, runs: int, cancels: int, residents: int) -> dict[str, Work]:
    """Return the measures that have stores of their own."""
    sizes = [number for number in PEOPLE if number <= people] or [people]
    return {
        "stop": lambda stores, folder: stop(stores, folder, min(people, STOPPED_PEOPLE), cancels),
        "lanes": lambda stores, folder: lanes.lanes(stores, folder, people, runs),
        "crowd": crowd,
        "crowd-lanes": crowd_in_lanes,
        "national": lambda stores, folder: national(stores, folder, residents),
        "processes": lambda stores, folder: processes(stores, folder, people, runs),
        "entrants": lambda stores, folder: entrants(stores, folder, sizes),
        "storm": lambda stores, folder: storms(stores, folder, people, runs),
        "console": lambda stores, folder: _console(stores, folder, min(people, CONSOLE_PEOPLE), runs, cancels),
    }


async def _console(stores: StoreUrls, folder: Path, people: int, runs: int, presses: int) -> dict[str, Figure]:
    """Measure the console in Chromium: what it costs, and how fast a key stops an alert."""
    database_url, scene = _database(stores), scene_of()
    figures: dict[str, Figure] = {}
    async with provider(TPNS, folder) as endpoint:
        fast = environ(TPNS, folder, endpoint, workers=str(WORKERS))
        async with server(stores, folder, {TPNS: endpoint}, fast, boundaries()) as world:
            figures |= await visits(world, scene)
            in_area = (await populate(world.redis_url, people, scene, lambda _: None)).in_area
            figures["consoles"] = await consoles(world, database_url, scene, runs)
            figures |= await pauses(world, scene, in_area, presses)
        slow = environ(TPNS, folder, endpoint, rate_per_s=str(SLOW_PER_S))
        async with another_server(stores, folder, slow, boundaries()) as (url, _):
            figures |= await overview(msgspec.structs.replace(world, server_url=url), database_url, scene)
    return figures


def _in_world(work: Work) -> dict[str, Figure]:
    folder = Path(tempfile.mkdtemp(prefix="qqa-bench-"))
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    try:
        with EmbeddedStores(folder / "stores", postgres=True, valkey=True) as stores:
            return uvloop.run(work(stores, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _big(
    console: Console, stores: StoreUrls, folder: Path, people: int, runs: int, chosen: set[str]
) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    database_url = _database(stores)
    with EmbeddedStores(folder / "idle", postgres=False, valkey=True) as idle:
        if idle.redis is None:
            raise RuntimeError("the benchmarks need an idle Redis beside the swept one")
        async with running(stores, folder, WORKERS, boundaries()) as world:
            console.print(f"putting {people:,} people into the index ...")
            await populate(world.redis_url, people, scene_of(), lambda _: None)
            if "stream" in chosen:
                # Its runs are short, so that more of them are needed against the noise of the machine.
                figures["stream"] = await measures.stream(world, scene_of(), 2 * runs - 1)
            if "pipeline" in chosen:
                figures["pipeline"], figures["ping"] = await measures.pipeline(
                    world, database_url, idle.redis, scene_of(), runs
                )
            if "estimate" in chosen:
                figures["estimate"] = await audience.estimate(world, scene_of())
            if "users" in chosen:
                figures["users"] = await audience.user_bytes(world, people)
            if "feed" in chosen:
                figures["feed"] = await _feed(world, database_url, runs)
            if "reports" in chosen:
                figures["reports"] = await measures.reports(world, scene_of(), people, runs)
    return figures


async def _audience(stores: StoreUrls, folder: Path, people: int, runs: int, chosen: set[str]) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    scene = scene_of()
    async with running(stores, folder, WORKERS, boundaries()) as world:
        await populate(world.redis_url, people, scene, lambda _: None)
        if "estimate" in chosen:
            figures["coverage"] = await audience.coverage(world, scene, people)
        if "late" in chosen:
            # The bound is for a million people, which include those of the coverage.
            await populate(world.redis_url, people * 5, scene, lambda _: None)
            figures["late"] = await audience.late(world, _database(stores), scene, runs)
    return figures


async def _feed(world: World, database_url: str, runs: int) -> Figure:
    """Compare the pipeline's rate with 1,000 feed clients, ten of which never read, to the rate without."""
    with_clients: list[float] = []
    without: list[float] = []
    for _ in range(runs):
        timing = await measures.one_alert(world, database_url, scene_of())
        without.append(timing.accepted / timing.seconds)
        async with AsyncExitStack() as stack:
            await _listen(world, stack)
            timing = await measures.one_alert(world, database_url, scene_of())
        with_clients.append(timing.accepted / timing.seconds)
    return measures.figure(with_clients, without, "recipients/s with 1,000 listeners (floor: without)")


async def _listen(world: World, stack: AsyncExitStack) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"Authorization": f"Bearer {world.token}"}
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, headers=headers))
    group = await stack.enter_async_context(asyncio.TaskGroup())
    readers: list[asyncio.Task[None]] = []
    for number in range(FEED_CLIENTS):
        socket = await session.ws_connect(f"{world.server_url}/v1/feed")
        if number >= FEED_STUCK:
            readers.append(group.create_task(_read(socket)))
    stack.callback(lambda: [reader.cancel() for reader in readers])


async def _read(socket: aiohttp.ClientWebSocketResponse) -> None:
    async for _ in socket:
        pass


async def _webhook(stores: StoreUrls, folder: Path) -> dict[str, Figure]:
    async with running(stores, folder, WORKERS, boundaries()) as world:
        await populate(world.redis_url, FEW, scene_of(), lambda _: None)
        answered, first = await measures.webhook(world, _database(stores), scene_of())
    return {"webhook": answered, "first request": first}


async def _memory(console: Console, stores: StoreUrls, folder: Path, people: int) -> dict[str, Figure]:
    """Compare the server's memory after ten times as many recipients with that before."""
    resident: list[float] = []
    recipients: list[int] = []
    async with running(stores, folder, WORKERS, boundaries()) as world:
        # Three people in five are in the area, so that the default is 1 million recipients, then 10 million.
        for number in (people // 3, people * 10 // 3):
            console.print(f"putting {number:,} people into the index ...")
            await populate(world.redis_url, number, scene_of(), lambda _: None)
            recipients.append((await measures.one_alert(world, _database(stores), scene_of())).accepted)
            resident.append(await measures.resident_mb(world))
    unit = f"MB after {recipients[1]:,} recipients (floor: after {recipients[0]:,})"
    return {"memory": measures.figure(resident[1:], resident[:1], unit)}


def _database(stores: StoreUrls) -> str:
    if stores.postgres is None:
        raise RuntimeError("the benchmarks need PostgreSQL")
    return stores.postgres


if __name__ == "__main__":
    bench()
