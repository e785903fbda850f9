"""Runs rounds until the time is over, a few of them on each world, and prints what broke a promise.

Bounded by the rounds, or by the minutes; `ROUNDS_A_WORLD` rounds share stores and servers.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tests.campaign.faults import KINDS
from tests.campaign.judging.journal import Journals
from tests.campaign.plan import WINDOW_S, draw, kinds_on
from tests.campaign.round import Result, Round
from tests.campaign.table import Table
from tests.campaign.world import World, running

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS_A_WORLD: Final = 6
CLUSTER_EVERY: Final = 4
"""One world of so many runs on a cluster."""


async def run(
    seed: int,
    names: Sequence[str],
    *,
    minutes: float,
    rounds: int,
    first_round: int = 0,
    faults: int | None = None,
    window_s: float = WINDOW_S,
    kept: Path | None = None,
) -> Table:
    """Run a campaign; the logs of broken rounds are kept in a folder `kept`."""
    table, ends_s, number = Table(), time.monotonic() + minutes * 60, first_round
    while number < first_round + rounds and time.monotonic() < ends_s:
        world_number = number // ROUNDS_A_WORLD
        on_cluster = world_number % CLUSTER_EVERY == CLUSTER_EVERY - 1 or not kinds_on(names, cluster=False)
        usable = kinds_on(names, cluster=on_cluster)
        last = min((world_number + 1) * ROUNDS_A_WORLD, first_round + rounds)
        with tempfile.TemporaryDirectory(prefix="qqa-faults-") as name:
            folder = Path(name)
            folder.chmod(0o755)
            async with running(folder, seed + world_number, on_cluster=on_cluster) as world:
                journals = Journals(world.slots)
                is_whole = True
                while is_whole and number < last and time.monotonic() < ends_s:
                    plan = draw(seed, number, usable, faults=faults, window_s=window_s)
                    result = await Round(world, plan, journals).run()
                    table.add(result)
                    show(result, world)
                    number += 1
                    if result.broken:
                        # What it left behind would spoil the rounds after it: they get a new world.
                        keep(world, result, kept)
                        is_whole = False
    return table


def show(result: Result, world: World) -> None:
    """Print a round, with its steps where it broke a promise."""
    verdict, plan = result.verdict, result.plan
    place = "cluster" if world.is_cluster else "valkey"
    figures = (
        f"{verdict.accepted:,} accepted (simulated), lost {verdict.lost_count}, unrecorded {verdict.unrecorded}",
        f"repeated {len(verdict.repeats)} of {verdict.promised}, late {len(verdict.late)}",
        f"silences {len(result.silences)}, {result.took_s:.1f} s",
    )
    click.echo(
        f"round {plan.number} (seed {plan.seed}, {place}): {len(plan.steps)} faults, {len(plan.alerts)} alerts, "
        + ", ".join(figures)
        + (" BROKEN" if result.broken else ""),
        err=True,
    )
    if not result.broken:
        return
    for text in result.broken:
        click.echo(f"  {text}", err=True)
    for step in plan.steps:
        click.echo(f"  {step.at_s:5.2f} s {step.kind} {step.slots} for {step.length_s} s, {step.value}", err=True)
    for alert in plan.alerts:
        click.echo(f"  {alert}", err=True)
    for note in [one for one in result.notes if not one.startswith("!")]:
        click.echo(f"  {note}", err=True)


def keep(world: World, result: Result, kept: Path | None) -> None:
    """Copy the logs and journals of a broken round."""
    if kept is None:
        return
    folder = kept / f"seed-{result.plan.seed}-round-{result.plan.number}"
    folder.mkdir(parents=True, exist_ok=True)
    for pattern in ("*.log", "*.journal", "pg*/*.log"):
        for file in world.folder.glob(pattern):
            shutil.copy(file, folder / "-".join(file.relative_to(world.folder).parts))
    click.echo(f"  its logs are kept in {folder}", err=True)


def default_kinds() -> list[str]:
    """Return the kinds that are drawn unless others are named."""
    return [name for name, kind in KINDS.items() if kind.by_default]
