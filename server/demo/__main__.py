"""`./run demo`: options flow in, the demo runs, plain words or one JSON object flow out.

Exits 0 only if the simulated provider accepted everybody in the area, once.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import msgspec
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from geo.area import Circle
from server.demo.people import populate
from server.demo.story import Story, follow, story_of
from server.demo.world import World, running
from server.embedded import EmbeddedStores, StoreUrls

WORKERS = 16
SHENZHEN = Circle(114.0579, 22.5431, 120.0)


@click.command()
@click.option("--people", type=click.IntRange(1, 100_000_000), default=1_000_000, show_default=True)
@click.option("--exit", "leave", is_flag=True, help="End when the alert is through instead of at Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def demo(people: int, *, leave: bool, as_json: bool) -> None:
    """Run the main job on embedded stores with a SIMULATED push provider."""
    console = Console(stderr=True, quiet=as_json)
    folder = Path(tempfile.mkdtemp(prefix="qqa-demo-"))
    # PostgreSQL as `nobody` must be able to pass through when we are root.
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    try:
        console.print("Starting PostgreSQL and Valkey out of their wheels ...")
        with EmbeddedStores(folder / "stores", postgres=True, valkey=True) as stores:
            code = uvloop.run(_run(console, stores, folder, people, leave=leave, as_json=as_json))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code)


async def _run(
    console: Console,
    stores: StoreUrls,
    folder: Path,
    people: int,
    *,
    leave: bool,
    as_json: bool,
) -> int:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with running(stores, folder, WORKERS) as world:
        with Progress(*columns, console=console, disable=as_json) as bar:
            task = bar.add_task("people in the index", total=people)
            in_area = await populate(world.redis_url, people, SHENZHEN, lambda n: bar.update(task, advance=n))
        console.print(f"{in_area:,} of {people:,} people are within {SHENZHEN.radius_km:.0f} km (brute force).")
        with Progress(*columns, console=console, disable=as_json) as bar:
            story = await _tell(world, people, in_area, bar)
        if as_json:
            click.echo(msgspec.json.encode(story).decode())
        else:
            _say(console, world, story)
        if not leave:
            console.print(f"The server stays up at {world.server_url} until Ctrl-C. Token: {world.token}")
            await stopping.wait()
    return 0 if story.accepted == in_area and story.duplicates == 0 else 1


async def _tell(world: World, people: int, in_area: int, bar: Progress) -> Story:
    searched = bar.add_task("found in the area", total=in_area or None)
    accepted = bar.add_task("accepted by the SIMULATED provider", total=in_area or None)

    def show(lane: dict[str, Any]) -> None:
        bar.update(searched, completed=lane["found"])
        bar.update(accepted, completed=lane["accepted"])

    started_s = time.time()
    followed = await follow(world, SHENZHEN, show)
    return await story_of(world, followed, people=people, in_area=in_area, filed_at=started_s)


def _say(console: Console, world: World, story: Story) -> None:
    console.print(
        f"\nThe police's webhook was answered after {story.webhook_ms:.0f} ms; the first request to the SIMULATED "
        f"provider went out {story.first_request_ms:.0f} ms after the case was filed.\n"
        f"{story.accepted:,} of {story.in_area:,} people in the area were accepted by the simulated provider in "
        f"{story.completed_s:.1f} s ({story.recipients_per_s:,.0f} a second), {story.duplicates} of them twice.\n"
        f"That is {story.deadline_margin_s / 60:.1f} minutes before the deadline. "
        f"The server used {story.server_rss_mb:.0f} MB.\n"
        "Nobody's phone rang: the provider is simulated, and acceptance by a provider is not delivery.\n"
        f"Live feed: {world.server_url.replace('http', 'ws', 1)}/v1/feed"
    )


if __name__ == "__main__":
    demo()
