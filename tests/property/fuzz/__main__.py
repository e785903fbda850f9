"""`./run fuzz --cases N` runs rounds until N inputs were tried, in every processor, a part of them on a real server.

Each round prints its seed. A campaign that ended early goes on with `--seed` and `--first-round` as it prints them. The
exit code is 1 when anything broke a promise. Bounded by `--cases` and `--minutes`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Final

import click

import sql.migrate
from server.embedded import EmbeddedStores, StoreUrls
from tests.property.fuzz.campaign import ROUND, Round, run_round
from tests.property.fuzz.live import Live, live
from tests.support.processes.deployment import Deployment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SHOWN_MAX: Final = 20
SEED_MAX: Final = 1_000_000


@click.command()
@click.option("--cases", type=click.IntRange(1), default=50_000, show_default=True, help="How many inputs.")
@click.option("--minutes", type=click.FloatRange(min=0.1), default=180, show_default=True, help="At most so long.")
@click.option("--seed", type=click.IntRange(0), default=None, help="The campaign's; a new one if not given.")
@click.option("--first-round", type=click.IntRange(0), default=0, show_default=True, help="Where to go on.")
def fuzz(cases: int, minutes: float, seed: int | None, first_round: int) -> None:
    """Fuzz everything that comes in."""
    chosen = SystemRandom().randrange(SEED_MAX) if seed is None else seed
    with tempfile.TemporaryDirectory(prefix="qq-alert-fuzz-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with EmbeddedStores(folder / "stores", postgres=True, valkey=True) as stores:
            broken = asyncio.run(_campaign(stores, folder, cases, minutes, chosen, first_round))
    sys.exit(1 if broken else 0)


async def _campaign(
    stores: StoreUrls, folder: Path, cases: int, minutes: float, seed: int, first_round: int
) -> list[str]:
    assert stores.postgres is not None
    await sql.migrate.migrate(stores.postgres)
    deployment = Deployment(stores, folder)
    deployment.provider_url = "http://127.0.0.1:9"
    await deployment.register()
    tried, accepted, broken = Counter[str](), Counter[str](), list[str]()
    began_s = time.monotonic()
    try:
        async with live(deployment) as there:
            async for result in _rounds(cases, minutes, seed, first_round):
                tried += result.inputs
                accepted += result.accepted
                await there.send(result.live)
                broken += [*result.broken, *there.broken]
                _print_round(result, there)
                there.broken.clear()
            _print_summary(tried, accepted, there, len(broken), time.monotonic() - began_s)
    finally:
        await deployment.close()
    return broken


async def _rounds(cases: int, minutes: float, seed: int, first_round: int) -> AsyncIterator[Round]:
    """Yield the rounds as they end, as many at once as there are processors."""
    loop = asyncio.get_running_loop()
    last = first_round + -(-cases // ROUND)
    ends_s = loop.time() + minutes * 60
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers) as pool:
        waiting: set[asyncio.Future[Round]] = set()
        following = first_round
        while waiting or following < last:
            while following < last and len(waiting) < workers and loop.time() < ends_s:
                size = min(ROUND, cases - (following - first_round) * ROUND)
                waiting.add(loop.run_in_executor(pool, run_round, following, seed, size))
                following += 1
            if not waiting:
                click.echo(f"the time is over; to go on: --seed {seed} --first-round {following}", err=True)
                return
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                yield one.result()


def _print_round(result: Round, there: Live) -> None:
    click.echo(
        f"round {result.number} (seed {result.seed}): {result.inputs.total()} inputs, "
        f"{result.accepted.total()} accepted, {len(result.broken)} broken, {result.took_s:.0f} s; "
        f"the server answered {there.statuses.total()}",
        err=True,
    )
    for text in [*result.broken, *there.broken][:SHOWN_MAX]:
        click.echo(f"  {text}", err=True)


def _print_summary(tried: Counter[str], accepted: Counter[str], there: Live, broken: int, took_s: float) -> None:
    for kind in sorted(tried):
        click.echo(f"{kind:9} {tried[kind]:9,} inputs {accepted[kind]:9,} accepted")
    statuses = ", ".join(f"{status}: {number:,}" for status, number in sorted(there.statuses.items()))
    click.echo(f"on a real server {there.statuses.total():,} of them ({statuses})")
    click.echo(f"{tried.total():,} inputs in {took_s / 60:.1f} minutes: {broken} broke a promise")


if __name__ == "__main__":
    fuzz()
