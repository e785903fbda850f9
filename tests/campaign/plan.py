"""Draws a round: which faults, when and for how long, which alerts, and what is done to them.

Bounded: `FAULTS` a round within `WINDOW_S`, `ALERTS` alerts; the same seed draws the same round.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

import msgspec

from tests.campaign.faults import KINDS
from tests.campaign.faults.step import Step
from tests.campaign.world import SERVERS

if TYPE_CHECKING:
    from collections.abc import Sequence

FAULTS: Final = (5, 8)
ALERTS: Final = (1, 3)
WINDOW_S: Final = 7.0
FILED_S: Final = 2.0
USUAL_S: Final = (0.2, 2.5)
LONG_S: Final = (4.0, 13.0)
LONG_SHARE: Final = 0.06
LATENCY_S: Final = (0.02, 0.6)
CLOCKS_S: Final = (-240.0, -30.0, -2.0, 2.0, 30.0, 240.0)
ACTIONS: Final = ("", "", "cancel", "found", "pause")


class PlannedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """When a case is filed, and what is done to its alert how much later; a pause is resumed `resumed_s` after it."""

    filed_s: float
    action: str
    after_s: float
    resumed_s: float


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A round."""

    number: int
    seed: int
    steps: list[Step]
    alerts: list[PlannedAlert]


def kinds_on(names: Sequence[str], *, cluster: bool) -> list[str]:
    """Return those kinds that can be made on a cluster, or on one Valkey."""
    return [name for name in names if ("cluster" if cluster else "valkey") in KINDS[name].on]


def draw(
    seed: int, number: int, names: Sequence[str], *, faults: int | None = None, window_s: float = WINDOW_S
) -> Plan:
    """Draw a round, whose faults begin within `window_s`."""
    rng = Random(f"{seed}/{number}")
    steps = [_step(rng, rng.choice(names), window_s) for _ in range(faults or rng.randint(*FAULTS))]
    alerts = [
        PlannedAlert(
            filed_s=rng.uniform(0, FILED_S),
            action=rng.choice(ACTIONS),
            after_s=rng.uniform(0.2, window_s - FILED_S),
            resumed_s=rng.uniform(0.2, 2.0),
        )
        for _ in range(rng.randint(*ALERTS))
    ]
    return Plan(number=number, seed=seed, steps=sorted(steps, key=lambda step: step.at_s), alerts=alerts)


def _step(rng: Random, name: str, window_s: float) -> Step:
    is_long = rng.random() < LONG_SHARE
    return Step(
        kind=name,
        at_s=round(rng.uniform(0.3, window_s), 2),
        length_s=round(rng.uniform(*(LONG_S if is_long else USUAL_S)), 2),
        slots=[rng.randrange(SERVERS)] if KINDS[name].one_server else list(range(SERVERS)),
        value=rng.choice(CLOCKS_S) if name == "clock set" else round(rng.uniform(*LATENCY_S), 2),
    )
