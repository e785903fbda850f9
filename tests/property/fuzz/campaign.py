"""Runs rounds of inputs, each by its own seed, so that a round can be repeated and a campaign goes on where it stopped.

Bounded: `ROUND` inputs a round.
"""

from __future__ import annotations

import time
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.property.fuzz.inputs import inputs
from tests.property.fuzz.promises import accepted
from tests.property.fuzz.values import anything

if TYPE_CHECKING:
    from tests.property.fuzz.inputs import Input

ROUND: Final = 5_000
EXAMPLES_MAX: Final = ROUND
"""An example makes dozens of inputs; a round ends when it has enough."""

LIVE_EVERY: Final = 50
"""One input of so many goes to a real server as well."""


class Round(NamedTuple):
    """What became of a round: inputs and accepted ones by kind, those kept for the server, what broke a promise."""

    number: int
    seed: int
    inputs: Counter[str]
    accepted: Counter[str]
    live: list[Input]
    broken: list[str]
    took_s: float


def run_round(number: int, first_seed: int, size: int = ROUND) -> Round:
    """Run a round; its seed is the campaign's with its number added."""
    own_seed = first_seed + number
    result = Round(number, own_seed, Counter(), Counter(), [], [], 0.0)
    random = Random(own_seed)
    began_s = time.monotonic()

    @seed(own_seed)
    @settings(
        max_examples=EXAMPLES_MAX,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(anything, st.integers(0, 1000))
    def fuzz(value: Any, encoding: int) -> None:  # noqa: ANN401 - any value of JSON
        if result.inputs.total() >= size:
            return
        for one in inputs(value, encoding, random):
            _judge(one, result)

    fuzz()
    return result._replace(took_s=time.monotonic() - began_s)


def _judge(one: Input, result: Round) -> None:
    result.inputs[one.kind] += 1
    if result.inputs.total() % LIVE_EVERY == 0:
        result.live.append(one)
    try:
        result.accepted[one.kind] += accepted(one)
    except Exception as error:  # noqa: BLE001 - whatever is raised breaks a promise
        result.broken.append(
            f"{one.kind} {one.where}: {type(error).__name__}: {error}"[:600] + f" | {one.body[:1500]!r}"
        )
