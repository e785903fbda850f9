"""`./run faults --minutes N` runs rounds of random faults on real stores, and prints what came of each kind.

Each round prints its seed; `--seed S --first-round K --rounds 1` draws it again. The exit code is 1 when a round broke
a promise. Bounded by `--minutes` and `--rounds`.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from pathlib import Path
from random import SystemRandom
from typing import Final

import click

from tests.campaign.campaign import default_kinds, run
from tests.campaign.faults import KINDS

SEED_MAX: Final = 1_000_000
ROUNDS_MAX: Final = 100_000


@click.command()
@click.option("--minutes", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="About so long.")
@click.option("--rounds", type=click.IntRange(1, ROUNDS_MAX), default=ROUNDS_MAX, help="At most so many rounds.")
@click.option("--seed", type=click.IntRange(0), default=None, help="The campaign's; a new one if not given.")
@click.option("--first-round", type=click.IntRange(0), default=0, show_default=True, help="Where to begin.")
@click.option("--kinds", default="", help="Names of kinds, with commas; all but those that are off by default.")
@click.option("--keep", type=click.Path(path_type=Path), default=Path("faults-kept"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--list", "listing", is_flag=True, help="Print the kinds.")
def faults(
    minutes: float,
    rounds: int,
    seed: int | None,
    first_round: int,
    kinds: str,
    keep: Path,
    *,
    as_json: bool,
    listing: bool,
) -> None:
    """Make faults of all kinds at random moments of random alerts, and count at the simulated provider."""
    if listing:
        for name, kind in KINDS.items():
            click.echo(f"{name:30} on {kind.on}" + ("" if kind.by_default else f"; off by default: {kind.why_not}"))
        return
    names = [name.strip() for name in kinds.split(",") if name.strip()] or default_kinds()
    if unknown := [name for name in names if name not in KINDS]:
        raise click.ClickException(f"no such kind: {', '.join(unknown)}; --list has all")
    chosen = SystemRandom().randrange(SEED_MAX) if seed is None else seed
    if shutil.which("faketime") is None:
        click.echo("libfaketime is not installed: clocks are set ahead within the servers", err=True)
    began_s = time.monotonic()
    table = asyncio.run(run(chosen, names, minutes=minutes, rounds=rounds, first_round=first_round, kept=keep))
    took_min = (time.monotonic() - began_s) / 60
    if as_json:
        click.echo(json.dumps({"seed": chosen, "minutes": round(took_min, 2), **table.as_json()}, indent=2))
    else:
        for line in table.lines():
            click.echo(line)
        click.echo(
            f"{table.totals['times']:,} faults in {table.rounds} rounds and {took_min:.1f} minutes, seed {chosen}: "
            f"{table.alerts} alerts, {table.accepted:,} acceptances counted at simulated providers; "
            f"{table.totals['repeated']:,} repeats where the promise allows {table.promised:,}; "
            f"{table.silences} silences of more than 10 s, {table.unexplained} without an alarm; "
            f"{table.broken_rounds} rounds broke a promise"
        )
    sys.exit(1 if table.broken_rounds else 0)
