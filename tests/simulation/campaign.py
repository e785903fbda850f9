"""What a worker process of the simulation does: runs a seed, or finds a seed that catches a mutation.

Bounded: `SEEDS` for each mutation.
"""

from __future__ import annotations

import gc
from collections import Counter
from typing import TYPE_CHECKING

from tests.simulation.mutations import MUTATIONS, SEEDS
from tests.simulation.run import run_seed

if TYPE_CHECKING:
    from tests.simulation.run import Outcome


def brief(seed: int) -> Outcome:
    """Run a seed without its trace, which is printed only where one is replayed."""
    # What is loaded stays: to look through it after each seed takes as long as the seed.
    gc.freeze()
    outcome = run_seed(seed)
    outcome.trace.clear()
    return outcome


def mutated(seed: int, name: str) -> Outcome:
    """Run a seed with a bug put back, and with the faults that show it."""
    mutation = MUTATIONS[name]
    return run_seed(seed, mutation.put_back(), mutation.only)


def caught(name: str) -> tuple[str, int, str]:
    """Return by which seed and which invariant a mutation is caught; no invariant when it is not."""
    gc.freeze()
    for seed in range(SEEDS):
        outcome = mutated(seed, name)
        if outcome.violations:
            return name, seed, Counter(one for one, _ in outcome.violations).most_common(1)[0][0]
    return name, SEEDS, ""
