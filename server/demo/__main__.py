"""`./run demo`: runs the demo and prints its figures as text, or as one JSON object.

Exits 0 only if the simulated providers accepted everyone in the area exactly once.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from runtime.system import keep_memory_private
from server.demo.console import HOME, LINK_MINUTES, opened, sign_in_link
from server.demo.figures import Figures, figures_of, follow, move_in
from server.demo.lanes import LANES, TPNS
from server.demo.people import Population, populate
from server.demo.scene import DEFAULT_CITY, RADIUS_KM, Scene, SceneError, boundaries, scene_of
from server.demo.strangers import OPENS, TOLD, PlayedPage, play
from server.demo.tour import lead
from server.demo.world import World, running
from server.embedded import EmbeddedStores, StoreUrls

if TYPE_CHECKING:
    from collections.abc import Callable

WORKERS = 16
WATCHED_S = 60.0
"""About how long an alert takes that is to be watched."""

COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


def _lanes(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
    lanes = tuple(dict.fromkeys(value.split(",")))
    unknown = [lane for lane in lanes if lane not in LANES]
    if unknown:
        raise click.BadParameter(f"no lane {unknown[0]!r}; there are {', '.join(LANES)}")
    return lanes


@click.command()
@click.option("--people", type=click.IntRange(1, 100_000_000), default=1_000_000, show_default=True)
@click.option("--city", default=DEFAULT_CITY, show_default=True, help="Six digits; boundaries are in the extra 'cn'.")
@click.option(
    "--lanes",
    default=TPNS,
    show_default=True,
    callback=_lanes,
    help=f"Of {', '.join(LANES)}, with commas.",
)
@click.option("--watch", is_flag=True, help=f"Send when the console is open, in about {WATCHED_S:.0f} s.")
@click.option("--tour", "is_tour", is_flag=True, help="Leave the case to you: judge, watch and end it in the console.")
@click.option("--exit", "leave", is_flag=True, help="End when the alert is through instead of at Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def demo(
    people: int, city: str, lanes: tuple[str, ...], *, watch: bool, is_tour: bool, leave: bool, as_json: bool
) -> None:
    """Run the main job on embedded stores with SIMULATED push providers."""
    if is_tour and as_json:
        raise click.UsageError("--tour is for people: it has no figures for --json")
    try:
        scene = scene_of(city)
    except SceneError as error:
        raise click.BadParameter(str(error), param_hint="--city") from None
    console = Console(stderr=True, quiet=as_json)
    keep_memory_private()
    folder = Path(tempfile.mkdtemp(prefix="qqa-demo-"))
    try:
        console.print("Starting PostgreSQL and Valkey out of their wheels ...")
        with EmbeddedStores(folder / "stores", postgres=True, valkey=True, confined=True) as stores:
            running_in = Running(console, stores, folder, scene, lanes, watch=watch, is_tour=is_tour)
            code = uvloop.run(_run(running_in, people, leave=leave, as_json=as_json))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code)


class Running(NamedTuple):
    """What a demo runs with; `watch`: slowly enough to be watched, `is_tour`: people judge the case themselves."""

    console: Console
    stores: StoreUrls
    folder: Path
    scene: Scene
    lanes: tuple[str, ...]
    watch: bool
    is_tour: bool

    def rate_per_s(self, people: int) -> float | None:
        """Return at what rate each lane sends to `people`, None: as fast as it can."""
        return max(1.0, people / len(self.lanes) / WATCHED_S) if self.watch or self.is_tour else None


async def _run(of: Running, people: int, *, leave: bool, as_json: bool) -> int:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    console = of.console
    rate_per_s = of.rate_per_s(people)
    log = of.folder / "processes.log"
    lanes, areas = of.lanes, boundaries()
    async with running(of.stores, of.folder, WORKERS, areas, lanes, rate_per_s, log=log, with_pages=True) as world:
        console.print(f"The server and the SIMULATED providers log to {log} until the demo ends.", soft_wrap=True)
        if not of.is_tour:
            console.print(f"The operator console is at {world.server_url}{HOME}")
            console.print(f"This link signs you in there, once, within {LINK_MINUTES} minutes:")
            console.print(await sign_in_link(world, "Anna"), soft_wrap=True, highlight=False)
        with Progress(*COLUMNS, console=console, disable=as_json) as bar:
            task = bar.add_task("people in the index", total=people)
            known = await populate(world.redis_url, people, of.scene, lambda n: bar.update(task, advance=n), of.lanes)
        console.print(
            f"{known.in_area:,} of {people:,} people are in {of.scene.name} or within {RADIUS_KM:.0f} km "
            "(counted by brute force)."
        )
        if of.is_tour:
            await lead(console, world, of.scene, known.outsiders, stopping)
            are_right = True
        else:
            are_right = await _send(of, world, people, known, as_json=as_json)
        if not leave and not stopping.is_set():
            console.print(f"The server stays up at {world.server_url} until Ctrl-C; its API takes this token:")
            console.print(f"Authorization: Bearer {world.token}", soft_wrap=True, highlight=False)
            await stopping.wait()
    return 0 if are_right else 1


async def _send(of: Running, world: World, people: int, known: Population, *, as_json: bool) -> bool:
    """Send an alert, print its figures, and tell whether they are right."""
    console = of.console
    if of.watch:
        console.print("The case is filed once the console is open, at the latest in two minutes ...")
        await opened(world)
    started_s = time.time()
    with Progress(*COLUMNS, console=console, disable=as_json) as bar:
        followed = await follow(world, of.scene, _bars(bar, known.in_area, started_s))
    figures = await figures_of(
        world, followed, scene=of.scene, people=people, in_area=known.in_area, filed_at=started_s
    )
    _print_figures(console, world, figures)
    if known.outsiders:
        console.print(f"\nNow {len(known.outsiders):,} people from elsewhere come into the area ...")
        figures = await move_in(world, of.scene, figures, known.outsiders)
        console.print(
            f"{figures.late_told:,} of {figures.late_moved_in:,} were notified "
            f"within {figures.late_s:.1f} s of reporting, "
            f"and {figures.late_others} others."
        )
    console.print(
        f"\nNow {OPENS:,} SIMULATED people open its page, some share it, and {len(TOLD)} say what they saw ..."
    )
    page = await play(
        world, followed.alert, followed.case_number, partial(console.print, soft_wrap=True, highlight=False)
    )
    figures = msgspec.structs.replace(figures, page=page)
    _print_page(console, page)
    if as_json:
        click.echo(msgspec.json.encode(figures).decode())
    return figures.are_right


def _bars(bar: Progress, in_area: int, started_s: float) -> Callable[[dict[str, Any]], None]:
    """Return a function that shows the progress of an alert, and each ring as it completes."""
    searched = bar.add_task("found in the area", total=in_area or None)
    accepted = bar.add_task("accepted by the SIMULATED provider", total=in_area or None)
    complete: set[str] = set()

    def show(lane: dict[str, Any]) -> None:
        bar.update(searched, completed=lane["found"])
        bar.update(accepted, completed=lane["accepted"])
        for ring, state in lane["rings"].items():
            if state["units_done"] == state["units"] and ring not in complete:
                complete.add(ring)
                bar.console.print(
                    f"ring {ring} is through after {time.time() - started_s:.1f} s: {state['accepted']:,} people more"
                )

    return show


def _print_figures(console: Console, world: World, figures: Figures) -> None:
    expected = f"{figures.estimated:,} people" if figures.estimated else "too few to be shown"
    if not figures.is_estimated:
        expected = "not there in time"
    console.print(
        f"\nThe police's webhook was answered after {figures.webhook_ms:.0f} ms; the first request to the SIMULATED "
        f"provider went out {figures.first_request_ms:.0f} ms after the case was filed.\n"
        f"{figures.accepted:,} of {figures.in_area:,} people in the area were accepted by the simulated provider in "
        f"{figures.completed_s:.1f} s ({figures.recipients_per_s:,.0f} a second), {figures.duplicates} of them twice.\n"
        f"The server's estimate, from one user in 32, was {expected}.\n"
        f"By lane: {', '.join(f'{lane} {accepted:,}' for lane, accepted in figures.lanes.items())}.\n"
        f"That is {figures.deadline_margin_s / 60:.1f} minutes before the deadline. "
        f"The server used {figures.server_rss_mb:.0f} MB.\n"
        "Nobody's phone rang: the providers are simulated, and acceptance by a provider is not delivery.\n"
        f"Live feed: {world.server_url.replace('http', 'ws', 1)}/v1/feed"
    )


def _print_page(console: Console, page: PlayedPage) -> None:
    sampled = "" if page.sample == 1 else f" ({page.low:,} to {page.high:,}: one view in {page.sample} is counted)"
    console.print(
        f"Opened {page.opened:,}{sampled}, shared {page.shared:,}, poster {page.poster:,}, reported {page.reported}, "
        f"passed on to the police {page.passed_on}: found through the alert. "
        "All of them are SIMULATED: nobody is looking for anybody.\n"
        f"The page was there {page.ready_s:.1f} s after it was asked for; "
        f"it said that the alert is over {page.over_s:.1f} s after the child was found."
    )


if __name__ == "__main__":
    demo()
