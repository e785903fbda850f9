"""The command of the simulation: runs seeds over worker processes, replays one, or proves that mutations are caught.

Bounded: `SEEDS` for each mutation. Ends with 1 when anything does not hold. A worker runs with a fixed hash seed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final

from tests.simulation.campaign import brief, caught, mutated
from tests.simulation.mutations import MUTATIONS
from tests.simulation.run import run_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.simulation.run import Outcome

CHUNK: Final = 10
SHOWN: Final = 20


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments ask for."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(  # noqa: S606 - this very program again
            sys.executable,
            [sys.executable, "-m", "tests.simulation", *arguments],
            {**os.environ, "PYTHONHASHSEED": "0"},
        )
    options = _options(arguments)
    if options.mutations:
        return _mutations([*MUTATIONS], options.processes)
    if options.seed is not None:
        return _replay(options.seed, options.mutation)
    if options.mutation is not None:
        return _mutations([options.mutation], 1)
    return _run(range(options.first, options.first + options.seeds), options.processes)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run simulate", description="72 simulated hours of `push`, seed by seed")
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, default=2, help="worker processes")
    parser.add_argument("--seed", type=int, help="replay one seed and print what happens in it")
    parser.add_argument("--mutation", choices=[*MUTATIONS], help="put a bug back; with --seed in that one seed")
    parser.add_argument("--mutations", action="store_true", help="put each bug back, and see that it is caught")
    return parser.parse_args(arguments)


def _parallel(work: Callable[[int], Outcome], seeds: range, processes: int) -> list[Outcome]:
    if processes == 1:
        return [work(seed) for seed in seeds]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return [*pool.map(work, seeds, chunksize=CHUNK)]


def _run(seeds: range, processes: int) -> int:
    began_s = time.monotonic()
    outcomes = _parallel(brief, seeds, processes)
    failed = [one for one in outcomes if one.violations]
    for one in failed[:SHOWN]:
        counts = Counter(name for name, _ in one.violations)
        _say(f"seed {one.seed}: {', '.join(f'{name} ({count})' for name, count in counts.items())}")
        _say(f"    {one.violations[0][1]}")
        _say(f"    replay it: ./run simulate --seed {one.seed}")
    hours, requests = sum(one.hours for one in outcomes), sum(one.requests for one in outcomes)
    _say(
        f"{len(outcomes)} seeds, {hours:.0f} simulated hours, {requests} requests, "
        f"{sum(len(one.violations) for one in outcomes)} violations in {len(failed)} seeds, "
        f"{time.monotonic() - began_s:.0f} s"
    )
    return 1 if failed else 0


def _replay(seed: int, mutation: str | None) -> int:
    outcome = run_seed(seed) if mutation is None else mutated(seed, mutation)
    for line in outcome.trace:
        _say(line)
    _say(f"digest {outcome.digest}")
    return 1 if outcome.violations else 0


def _mutations(names: Sequence[str], processes: int) -> int:
    missed = 0
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for name, seed, invariant in pool.map(caught, names):
            missed += not invariant
            where = f"seed {seed:4}  {invariant}" if invariant else f"NOT CAUGHT in {seed} seeds"
            _say(f"{name:28} {where}  ({MUTATIONS[name].what})")
    _say(f"{len(names) - missed} of {len(names)} mutations are caught")
    return 1 if missed else 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
