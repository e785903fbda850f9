"""Runs one seed, and says what it found. Bounded: `STEPS_MAX` of the loop."""

from __future__ import annotations

import asyncio
import gc
import hashlib
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tests.simulation.clock import SimulatedLoop
from tests.simulation.invariants import ENDS
from tests.simulation.seams import seeded
from tests.simulation.world.story import Story
from tests.simulation.world.world import World

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

ENDINGS: Final = 20


KNOWN: Final = "the doubles know what they are asked"


class Outcome(msgspec.Struct, frozen=True):
    """What became of a seed: what does not hold, its trace, and the digest of that."""

    seed: int
    violations: list[tuple[str, str]]
    trace: list[str]
    digest: str
    requests: int
    steps: int
    hours: float


def run_seed(seed: int, mutation: AbstractContextManager[object] | None = None, only: str | None = None) -> Outcome:
    """Run one seed, with a bug put back by `mutation`; `only`: one fault of the stores instead of any."""
    loop = SimulatedLoop()
    unknown: list[str] = []
    loop.set_exception_handler(lambda _, context: _note_unknown(unknown, context))
    with seeded(seed), mutation or nullcontext():
        world = World(seed, loop, only)
        # What is collected at some moment or other would end generators then.
        gc.disable()
        try:
            loop.run_until_complete(Story(world).run())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is found with its seed
            world.violated(ENDS, f"the simulation: {error!r}")
        for one in unknown:
            world.violated(KNOWN, one)
        _end(world)
    trace = [*world.notes]
    digest = hashlib.sha256("\n".join(trace).encode()).hexdigest()
    hours = world.now_s / 3600
    return Outcome(seed, world.violations, trace, digest, len(world.requests), loop.steps, hours)


def _note_unknown(unknown: list[str], context: dict[str, Any]) -> None:
    """Keep what a double was asked and does not know: whoever asked waits for ever, and nothing else would say so."""
    if isinstance(error := context.get("exception"), LookupError):
        unknown.append(f"{error!r}")


def _end(world: World) -> None:
    """End all tasks: what they still try fails at once."""
    loop = world.loop
    for process in world.processes:
        process.over = True
        loop.thaw(process)
    for _ in range(ENDINGS):
        tasks = asyncio.all_tasks(loop)
        if not tasks:
            break
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.wait(tasks, timeout=0.1))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    gc.enable()
    gc.collect()
