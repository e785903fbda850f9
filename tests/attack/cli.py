"""`./run attack` measures a server in quiet and under each flood, in turn, and prints a table, or JSON.

Everything runs on this machine, and the push provider is SIMULATED. Targets are for people to compare with: machines
differ, and here the strangers share the server's processors. Bounded: `--pairs` for each flood, `--seconds` for each
measurement.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tests.attack import measures
from tests.attack.clients import clients_cpu_s
from tests.attack.floods import FLOODS
from tests.attack.floods.computing import Computing
from tests.attack.table import Pair, Row, quiet_row, row, table
from tests.attack.world import Target, World, running, serving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.attack.floods.flood import Flood

CHANGE_S: Final = 1.0
"""A flood begins before its measurement does, and what it left is over before the next quiet one."""

NOTE: Final = """Each flood beside the same server in quiet, medians of pairs; recipients are those of the lane TPNS.
Of computing: beside the same server while a process computes on this machine as much as the clients of the flood."""


@click.command()
@click.option("--seconds", type=click.FloatRange(1, 600), default=10.0, show_default=True, help="For each measurement.")
@click.option("--pairs", type=click.IntRange(1, 50), default=4, show_default=True, help="Of quiet and flood, each.")
@click.option(
    "--people", type=click.IntRange(100, 2_000_000), default=500_000, show_default=True, help="Around the place."
)
@click.option("--floods", default="", help="Names, with commas; all by default.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def attack(seconds: float, pairs: int, people: int, floods: str, *, as_json: bool) -> None:
    """Measure what strangers can do to a server that sends."""
    names = {name.strip() for name in floods.split(",") if name.strip()}
    known = [flood.name for flood in FLOODS]
    if unknown := names.difference(known):
        raise click.ClickException(f"no such flood: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    chosen = [flood for flood in FLOODS if not names or flood.name in names]
    with tempfile.TemporaryDirectory(prefix="qq-alert-attack-") as folder:
        Path(folder).chmod(0o755)
        rows = asyncio.run(_rows(Path(folder), people, pairs, seconds, chosen))
    if as_json:
        click.echo(json.dumps({one.name: one.as_json() for one in rows}))
        return
    click.echo(f"{NOTE}\n{table(rows)}")


async def _rows(folder: Path, people: int, count: int, seconds: float, floods: Sequence[Flood]) -> list[Row]:
    rows, quiet = [], []
    async with running(folder, people) as world:
        click.echo(f"{world.recipients} recipients of each alert", err=True)
        for flood in floods:
            pairs = await _pairs(world, flood, count, seconds)
            rows.append(row(flood.name, pairs))
            quiet += pairs
            click.echo(rows[-1].as_line(), err=True)
    return [quiet_row(quiet), *rows]


async def _pairs(world: World, flood: Flood, count: int, seconds: float) -> list[Pair]:
    """Measure in quiet and under a flood in turn; which comes first changes, so that time changes both alike."""
    async with serving(world, await flood.settings(world)) as target:
        # The first alert is not measured: it opens connections and fills caches. It is published, too.
        if alert := await measures.file_alert(target):
            await measures.recipients_of(target, alert)
        pairs = list[Pair]()
        for number in range(count):
            if number % 2:
                computing, _ = await _under(Computing(pairs[-1].share), target, seconds)
                flooded, share = await _under(flood, target, seconds)
                quiet = await measures.measure(target, seconds)
            else:
                quiet = await measures.measure(target, seconds)
                flooded, share = await _under(flood, target, seconds)
                computing, _ = await _under(Computing(share), target, seconds)
            pairs.append(Pair(quiet, flooded, computing, share))
        return pairs


async def _under(flood: Flood, target: Target, seconds: float) -> tuple[measures.Figures, float]:
    """Measure while a flood runs; returns the share of a processor that its clients used, too."""
    stop_event = asyncio.Event()
    began_s, began_cpu_s = time.monotonic(), clients_cpu_s()
    running_flood = asyncio.create_task(flood.run(target, stop_event), name=flood.name)
    try:
        await asyncio.sleep(CHANGE_S)
        figures = await measures.measure(target, seconds)
    finally:
        stop_event.set()
        await running_flood
    share = (clients_cpu_s() - began_cpu_s) / (time.monotonic() - began_s)
    await asyncio.sleep(CHANGE_S)
    return figures, share
