"""Measure the click storm: one serve-public process against nginx with static files, and sends beside the storm.

The same page, the same client (wrk), on the same machine, in turns. Floors: nginx, one process, files compressed
beforehand and kept open; sends without a storm. Where other work goes on, go by the figures for a second of CPU. Beside
sends the storm's processes are nice, as if they were on other machines: on two cores they would take what they get.
Bounded: `RUN_S` a run.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final, NamedTuple

import click
import msgspec

from bench.measures import Figure, cpu_s, figure, one_alert
from bench.public.load import NICEST, is_there, storm
from bench.public.web_servers import serve_public, shipped_nginx, static_nginx
from public.funnel.counters import FOLDER, CountsObject
from public.objects import Objects, Trouble, objects_of
from public.pages.modules import FIRST, modules
from public.pages.rendering import ShownPhoto, live_page
from public.publishing.site import Asset, Assets, put_modules, put_page
from public.settings import PublicSettings
from runtime.tasks import cancel_and_wait
from server.demo.lanes import TPNS, environ
from server.demo.people import populate
from server.demo.scene import boundaries, scene_of
from server.demo.world import provider, server
from tests.support.public.pages import AROUND, CODE, example, source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.public.web_servers import Served
    from server.demo.world import World
    from server.embedded import StoreUrls

RUN_S: Final = 5.0
PEOPLE_A_SECOND: Final = 100_000
"""Who asks for few people wants to be through soon."""

SAMPLE: Final = 64
WORKERS: Final = 16
PEOPLE: Final = 3_000_000
PHOTO_BYTES: Final = 33_000
PHOTO: Final = "photo.0011aabbccddeeff.jpg"
CONFIDENCE_Z: Final = 1.96
"""Of a 95% interval."""

PAGE: Final = f"/p/{CODE}"
OPENING: Final = (PAGE, modules()[FIRST].url, f"/p/{CODE}/{PHOTO}")
BEACON: Final = f"/b/{CODE}"
"""What opening a page asks for: document, module, photo."""


async def storms(stores: StoreUrls, folder: Path, people: int, runs: int) -> dict[str, Figure]:
    """Return requests a second of serve-public and of nginx before it, the counts, and sends beside the storm."""
    if not is_there():
        click.echo("the storm needs wrk and nginx: apt-get install wrk nginx-light", err=True)
        return {}
    objects = objects_of(PublicSettings(objects=(folder / "objects").as_uri()), folder)
    published = await _publish(objects)
    figures: dict[str, Figure] = {}
    seconds = min(RUN_S, max(1.0, people / PEOPLE_A_SECOND))
    async with (
        static_nginx(folder / "floor", published) as floor,
        static_nginx(folder / "usual", published, is_tuned=False) as usual,
        serve_public(folder) as ours,
        shipped_nginx(folder / "front", ours.url) as front,
    ):
        for name, paths in (("storm", (PAGE,)), ("storm opening", OPENING)):
            figures |= await _rates(folder, name, paths, (floor, usual, ours, front), runs, seconds)
        figures |= await _counts(folder, ours.url, objects, seconds)
    figures |= await _sends(stores, folder, min(people, PEOPLE), runs)
    return figures


async def _publish(objects: Objects) -> dict[str, tuple[str, bytes]]:
    """Publish a page with a photo; returns what stands at each address of `OPENING`, by its name."""
    made = msgspec.structs.replace(source(example("abducted-in-a-van")), sample=SAMPLE)
    photo, shown = bytes(range(256)) * (PHOTO_BYTES // 256), ShownPhoto(f"/p/{CODE}/{PHOTO}", 600, 800)
    assets = Assets(files=(Asset(PHOTO, photo, "image/jpeg"),), photo=shown)
    if await put_modules(objects) is not None or await put_page(objects, made, assets, AROUND) is not None:
        raise RuntimeError("the page could not be published")
    page = live_page(made, AROUND.languages[0], AROUND, shown)
    contents = (("index.html", page), (modules()[FIRST].file, modules()[FIRST].content), (PHOTO, photo))
    return dict(zip(OPENING, contents, strict=True))


async def _rates(
    folder: Path, name: str, paths: tuple[str, ...], servers: Sequence[Served], runs: int, seconds: float
) -> dict[str, Figure]:
    """Return requests a second, and requests a second of CPU of all that serves them."""
    floor, usual, ours, front = servers
    worked: dict[str, list[_Worked]] = {"floor": [], "usual": [], "ours": [], "front": []}
    for _ in range(runs):
        for which, url, pids in (
            ("floor", floor.url, (floor.pid,)),
            ("usual", usual.url, (usual.pid,)),
            ("ours", ours.url, (ours.pid,)),
            ("front", front.url, (front.pid, ours.pid)),
        ):
            worked[which].append(await _worked(folder, url, pids, paths, seconds))
    rates = {which: [one.per_s for one in found] for which, found in worked.items()}
    thrift = {which: [one.per_cpu_s for one in found] for which, found in worked.items()}
    unit = "requests/s with counting"
    return {
        name: figure(rates["ours"], rates["floor"], unit),
        f"{name} nginx": figure(rates["front"], rates["floor"], f"{unit}, nginx in front"),
        f"{name} cpu": figure(thrift["ours"], thrift["floor"], "requests/s of CPU with counting"),
        f"{name} nginx cpu": figure(thrift["front"], thrift["floor"], "the same, nginx in front, both"),
        f"{name} usual cpu": figure(thrift["front"], thrift["usual"], "the same (floor: nginx as Debian has it)"),
    }


class _Worked(NamedTuple):
    """Requests a second, and a second of CPU."""

    per_s: float
    per_cpu_s: float


async def _worked(folder: Path, url: str, pids: tuple[int, ...], paths: tuple[str, ...], seconds: float) -> _Worked:
    before_s = sum(cpu_s(pid, children=False) for pid in pids)
    load = await storm(folder, url, paths, seconds, opens=SAMPLE, beacon=BEACON)
    used_s = sum(cpu_s(pid, children=False) for pid in pids) - before_s
    if load.refused or load.broken:
        raise RuntimeError(f"{load.refused} of {load.requests} requests were refused, {load.broken} broke")
    return _Worked(load.per_s, load.requests / used_s)


async def _counts(folder: Path, url: str, objects: Objects, seconds: float) -> dict[str, Figure]:
    """Compare what was counted with what was sent: each open, and one in `SAMPLE`."""
    figures: dict[str, Figure] = {}
    for name, sample in (("storm count", 1), ("storm count sampled", SAMPLE)):
        before = await _counted(objects)
        load = await storm(folder, url, (PAGE,), seconds, opens=sample, beacon=BEACON)
        # The last second is stored a second later.
        await asyncio.sleep(3)
        counted = await _counted(objects) - before
        opens = load.requests * sample / (sample + 1)
        half = CONFIDENCE_Z * math.sqrt(counted * (1 - 1 / sample)) * sample
        click.echo(f"{opens:,.0f} opens, {counted * sample:,} counted +- {half:,.0f} (N = {sample})", err=True)
        figures[name] = Figure(
            counted * sample, round(opens), round(counted * sample / opens, 4), f"opens, N = {sample}"
        )
    return figures


async def _counted(objects: Objects) -> int:
    found = await objects.list(FOLDER)
    if isinstance(found, Trouble):
        raise RuntimeError("the counts cannot be listed")  # noqa: TRY004 - a value that says so
    total = 0
    for one in found:
        content = await objects.get(one.path)
        if isinstance(content, bytes):
            total += sum(counted.count for counted in msgspec.json.decode(content, type=CountsObject).counts)
    return total


async def _sends(stores: StoreUrls, folder: Path, people: int, runs: int) -> dict[str, Figure]:
    """Return the recipients a second, and a second of CPU of the server, while a storm goes on; floors: without it."""
    if stores.postgres is None or stores.redis is None:
        raise RuntimeError("the benchmarks need both stores")
    await populate(stores.redis, people, scene_of(), lambda _: None)
    quiet: list[_Worked] = []
    beside: list[_Worked] = []
    async with provider(TPNS, folder) as endpoint:
        settings = environ(TPNS, folder, endpoint, workers=str(WORKERS))
        async with (
            server(stores, folder, {TPNS: endpoint}, settings, boundaries()) as world,
            serve_public(folder, nice=NICEST) as public,
        ):
            await _sent_per_s(world, stores.postgres)
            for _ in range(runs):
                quiet.append(await _sent_per_s(world, stores.postgres))
                blowing = asyncio.create_task(_blow(folder, public.url), name="storm")
                try:
                    beside.append(await _sent_per_s(world, stores.postgres))
                finally:
                    await cancel_and_wait([blowing])
    rates = [[one.per_s for one in found] for found in (beside, quiet)]
    thrift = [[one.per_cpu_s for one in found] for found in (beside, quiet)]
    return {
        "storm sends": figure(rates[0], rates[1], "recipients/s beside a storm (floor: without)"),
        "storm sends cpu": figure(thrift[0], thrift[1], "recipients/s of the server's CPU, the same"),
    }


async def _sent_per_s(world: World, database_url: str) -> _Worked:
    before_s = cpu_s(world.server_pid, children=False)
    timing = await one_alert(world, database_url, scene_of())
    used_s = cpu_s(world.server_pid, children=False) - before_s
    return _Worked(timing.accepted / timing.seconds, timing.accepted / used_s)


async def _blow(folder: Path, url: str) -> None:
    """Ask for the page until cancelled."""
    while True:
        await storm(folder, url, OPENING, 60, opens=SAMPLE, beacon=BEACON, nice=NICEST)
