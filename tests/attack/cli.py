"""`./run attack` measures a server in quiet, then under each flood, and prints a table, or JSON.

Everything runs on this machine, and the push provider is SIMULATED. Targets are for people to compare with: machines
differ, and here the strangers share the server's processors. Bounded: `--seconds` for each measurement.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

import click

from tests.attack.floods import FLOODS, Flood
from tests.attack.measures import Figures, measure
from tests.attack.world import World, running

RATE_TARGET: Final = 0.9
HEALTH_TARGET_MS: Final = 100
CASE_TARGET_MS: Final = 250
RISING_S: Final = 1.0
"""A flood begins before the measurement does."""


class Row(NamedTuple):
    """One line of the table."""

    name: str
    figures: Figures
    rate_ratio: float

    def as_json(self) -> dict[str, float]:
        """Return the measures by name."""
        return {
            "recipients_per_s": round(self.figures.recipients_per_s, 1),
            "rate_ratio": round(self.rate_ratio, 3),
            "health_p99_ms": round(self.figures.health_p99_ms, 1),
            "case_p99_ms": round(self.figures.case_p99_ms, 1),
            "failed": self.figures.failed,
        }

    def as_line(self) -> str:
        """Return the line."""
        rate, health, case, failed = self.figures
        return f"{self.name:24} {rate:12,.0f} {self.rate_ratio:8.2f} {health:14.1f} {case:14.1f} {failed:8}"


@click.command()
@click.option("--seconds", type=click.FloatRange(1, 600), default=20.0, show_default=True, help="For each measurement.")
@click.option(
    "--people", type=click.IntRange(100, 200_000), default=20_000, show_default=True, help="Around the place."
)
@click.option("--floods", default="", help="Names, with commas; all by default.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def attack(seconds: float, people: int, floods: str, *, as_json: bool) -> None:
    """Measure what strangers can do to a server that sends."""
    known = {flood.name: flood for flood in FLOODS}
    names = [name.strip() for name in floods.split(",") if name.strip()] or [*known]
    if unknown := [name for name in names if name not in known]:
        raise click.ClickException(f"no such flood: {', '.join(unknown)}; known: {', '.join(known)}")
    with tempfile.TemporaryDirectory(prefix="qq-alert-attack-") as folder:
        Path(folder).chmod(0o755)
        rows = asyncio.run(_rows(Path(folder), people, seconds, [known[name] for name in names]))
    if as_json:
        click.echo(json.dumps({row.name: row.as_json() for row in rows}))
        return
    click.echo(f"{'':24} {'recipients/s':>12} {'of quiet':>8} {'/health p99 ms':>14} {'case p99 ms':>14} {'failed':>8}")
    for row in rows:
        click.echo(row.as_line())
    click.echo(
        f"targets: {RATE_TARGET} of quiet, /health below {HEALTH_TARGET_MS} ms, a case below {CASE_TARGET_MS} ms"
    )


async def _rows(folder: Path, people: int, seconds: float, floods: list[Flood]) -> list[Row]:
    async with running(folder, people) as world:
        click.echo("quiet", err=True)
        quiet = await measure(world, seconds)
        rows = [Row("quiet", quiet, 1.0)]
        for flood in floods:
            click.echo(flood.name, err=True)
            under = await _under(flood, world, seconds)
            rows.append(Row(flood.name, under, under.recipients_per_s / max(quiet.recipients_per_s, 1.0)))
        return rows


async def _under(flood: Flood, world: World, seconds: float) -> Figures:
    """Measure while a flood runs."""
    stop = asyncio.Event()
    running_flood = asyncio.create_task(flood.run(world, stop), name=flood.name)
    try:
        await asyncio.sleep(RISING_S)
        return await measure(world, seconds)
    finally:
        stop.set()
        await running_flood
