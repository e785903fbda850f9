"""Watches which alarms stand, as an operator would, and which alert knows of trouble.

Bounded: a look every `LOOK_S` at each server, `ANSWER_S` an answer.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import aiohttp

from push.alarm_kinds import AlarmKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.campaign.slots import Slot
    from tests.campaign.world import World

LOOK_S: Final = 0.5
ANSWER_S: Final = 2.5
EXPLAINING: Final = frozenset(
    kind.value
    for kind in AlarmKind
    if kind not in {AlarmKind.CLOCK_DIFFERS, AlarmKind.NO_ESTIMATE, AlarmKind.EXPIRES_SOON, AlarmKind.NO_RECIPIENTS}
)
"""The alarms that say why nobody is notified."""


class Sample(NamedTuple):
    """What stood in a server's list at a time (seconds since the epoch); None: it gave no answer to `/v1/alarms`.

    `metrics`: what its metrics said, which ask no store.
    """

    at: float
    slot: int
    listed: frozenset[str] | None
    metrics: frozenset[str]


class AlarmWatch:
    """Samples of a round."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.samples: list[Sample] = []

    async def run(self) -> None:
        """Look until cancelled."""
        async with self._world.deployment.session() as session, asyncio.TaskGroup() as group:
            for slot in self._world.slots:
                group.create_task(self._watch(slot, session), name=f"alarms {slot.number}")
            await asyncio.Event().wait()

    async def _watch(self, slot: Slot, session: aiohttp.ClientSession) -> None:
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        while True:
            began = time.time()
            listed: frozenset[str] | None = None
            metrics = frozenset[str]()
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with session.get(f"{slot.metrics.url}/metrics", timeout=timeout) as answer:
                    metrics = frozenset(_raised(await answer.text()))
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with session.get(f"{slot.process.url}/v1/alarms", timeout=timeout) as answer:
                    if answer.status == 200:
                        listed = frozenset(alarm["kind"] for alarm in (await answer.json())["alarms"])
            self.samples.append(Sample(began, slot.number, listed, metrics))
            await asyncio.sleep(LOOK_S)


def listed(samples: Sequence[Sample], began: float, ended: float) -> set[str]:
    """Return the alarms in the lists of servers between two times."""
    return {kind for one in samples if began <= one.at <= ended for kind in one.listed or ()}


def in_metrics(samples: Sequence[Sample], began: float, ended: float) -> set[str]:
    """Return the alarms in the metrics of servers between two times."""
    return {kind for one in samples if began <= one.at <= ended for kind in one.metrics}


def _raised(metrics: str) -> list[str]:
    prefix = 'qq_alert_alarms{kind="'
    lines = [line for line in metrics.splitlines() if line.startswith(prefix)]
    return [line.removeprefix(prefix).partition('"')[0] for line in lines if float(line.split()[-1]) > 0]
