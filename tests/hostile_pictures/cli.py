"""`./run hostile-pictures --count N`: what was given, what came back, and how much memory it took.

The exit code is 1 when something was kept that we did not encode, or the memory of the asking process grew.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Final

import click

from tests.hostile_pictures.campaign import run

GROWTH_MAX_MB: Final = 60.0
"""Three pictures of 20 MB that are in the hands of the decoder at the end."""


@click.command()
@click.option("--count", type=click.IntRange(1, 1_000_000), default=1_000, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--corpus", type=click.Path(path_type=Path, exists=True, file_okay=False), help="A folder of pictures.")
def hostile_pictures(count: int, seed: int, corpus: Path | None) -> None:
    """Give the decoder pictures that were made to do harm."""
    began_s = time.monotonic()
    outcome = asyncio.run(run(seed, count, corpus, lambda line: click.echo(line, err=True)))
    took_s = time.monotonic() - began_s
    click.echo(f"{outcome.given:,} pictures of {len(outcome.formats)} formats, seed {seed}, {took_s:,.0f} s")
    click.echo(f"changes: {dict(outcome.changes.most_common())}")
    click.echo(f"{outcome.children:,} got past the first look and into a process of their own")
    click.echo(f"results: {dict(outcome.results.most_common())}")
    click.echo(
        f"memory: {outcome.caller_mb_warm:.0f} MB of the asking process after its first, {outcome.caller_mb:.0f} MB at "
        f"the end; {outcome.child_mb:.0f} MB of the largest child"
    )
    click.echo(f"{len(outcome.not_ours)} kept that are not ours")
    for line in outcome.not_ours[:20]:
        click.echo(f"  {line}")
    sys.exit(bool(outcome.not_ours) or outcome.caller_mb - outcome.caller_mb_warm > GROWTH_MAX_MB)
