"""Runs a round: files cases, makes faults, acts, heals everything, waits until all is sent, and judges.

Bounded: `PLAN_S` for what was planned, `SETTLE_S` after everything was healed.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Final

import asyncpg
import msgspec
import numpy as np

from push.fanout.packing import unpack
from tests.campaign.faults import KINDS
from tests.campaign.judging.alarms import AlarmWatch, Sample, listed
from tests.campaign.judging.judge import EMPTY, Verdict, judge, lost_of
from tests.campaign.judging.silence import Silence, silences
from tests.campaign.operator import Operator
from tests.campaign.plan import Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.campaign.faults.step import Step
    from tests.campaign.judging.journal import Journals
    from tests.campaign.plan import PlannedAlert
    from tests.campaign.world import World

PLAN_S: Final = 120.0
SETTLE_S: Final = 60.0
LOOK_S: Final = 0.1
DECIDE_EVERY_S: Final = 1.0
EMPTIED: Final = "redis emptied"
EMPTIED_ALARM: Final = "index_emptied"
ALARMED_S: Final = 3.0

RECORDED: Final = """
    select packed from ledger
    where alert_id = $1::uuid and notice = 'alert' and outcome in ('accepted', 'indeterminate')"""
UNFINISHED: Final = """
    select count(*) from sweep_unit u join sweep s on s.id = u.sweep_id join alert a on a.id = s.alert_id
    where a.id = any($1::uuid[]) and not u.done
      and (s.notice <> 'alert' or a.state in ('sending', 'sent', 'paused'))"""


class Result(msgspec.Struct, kw_only=True):
    """What became of a round."""

    plan: Plan
    verdict: Verdict
    silences: list[Silence]
    samples: list[Sample]
    notes: list[str]
    took_s: float

    @property
    def broken(self) -> list[str]:
        """What broke a promise, in words."""
        verdict = self.verdict
        found = [f"lost {users.size} of {name}: {users[:5].tolist()}" for name, users in verdict.lost.items()]
        if len(verdict.repeats) > verdict.promised:
            found.append(f"repeated {len(verdict.repeats)}, promised at most {verdict.promised}")
        if verdict.unrecorded > verdict.promised:
            found.append(f"unrecorded {verdict.unrecorded}, promised at most {verdict.promised}")
        late = [one for one in verdict.late if not one.is_within_trust]
        if late:
            found.append(f"late {len(late)} requests, up to {max(one.after_s for one in late):.2f} s after a stop")
        found += [
            f"silent for {one.ended - one.began:.1f} s without an alarm; in metrics: {sorted(one.in_metrics) or 'none'}"
            for one in self.silences
            if not one.is_explained
        ]
        found += [
            "Redis was emptied, and no alarm said so"
            for step in self.plan.steps
            if step.kind == EMPTIED and EMPTIED_ALARM not in listed(self.samples, step.began, step.ended + ALARMED_S)
        ]
        return found + [note.removeprefix("! ") for note in self.notes if note.startswith("!")]


class Round:
    """One round on a world."""

    def __init__(self, world: World, plan: Plan, journals: Journals) -> None:
        self._world = world
        self._plan = plan
        self._journals = journals
        self._operator = Operator(world, Random(f"{plan.seed}/{plan.number}/people"), plan.number)
        self._watch = AlarmWatch(world)
        self._notes: list[str] = []

    async def run(self) -> Result:
        """Run it, and judge."""
        began_s = time.monotonic()
        self._world.act = self._operator.pause_and_resume
        watching = asyncio.create_task(self._watch.run(), name="alarms")
        try:
            await self._follow_plan()
            await self._settle()
        finally:
            watching.cancel()
            await asyncio.wait({watching})
        requests = self._journals.read()
        alerts, recorded = self._operator.alerts, await self._recorded()
        deaths = [f"! {death}" for slot in self._world.slots for death in slot.deaths]
        return Result(
            plan=self._plan,
            verdict=judge(
                self._world.slots,
                self._world.inside,
                alerts,
                requests,
                self._plan.steps,
                self._world.lost_spans,
                recorded,
            ),
            silences=silences(
                self._world.slots, alerts, requests, self._world.inside, self._watch.samples, time.time()
            ),
            samples=self._watch.samples,
            notes=[*self._notes, *deaths, *self._operator.notes],
            took_s=time.monotonic() - began_s,
        )

    async def _follow_plan(self) -> None:
        works = [*map(self._make, self._plan.steps)]
        people = [self._live(alert, name) for alert, name in zip(self._plan.alerts, "ABC", strict=False)]
        tasks = [asyncio.create_task(work, name="a step") for work in (*works, *people)]
        done, late = await asyncio.wait(tasks, timeout=PLAN_S)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
            self._notes.append(f"! {len(late)} steps did not end within {PLAN_S:.0f} s")
        errors = [error for task in done if (error := task.exception()) is not None]
        self._notes += [f"! {type(error).__name__}: {error}" for error in errors]

    async def _make(self, step: Step) -> None:
        await asyncio.sleep(step.at_s)
        step.began = time.time()
        try:
            async with KINDS[step.kind].make(self._world, step):
                await asyncio.sleep(step.length_s)
        finally:
            step.ended = time.time()

    async def _live(self, planned: PlannedAlert, name: str) -> None:
        """File a case, and do to its alert what is planned."""
        await asyncio.sleep(planned.filed_s)
        alert = await self._operator.file(name)
        if not planned.action:
            return
        await asyncio.sleep(planned.after_s)
        await self._operator.stop(alert, planned.action)
        if planned.action == "pause":
            await asyncio.sleep(planned.resumed_s)
            await self._operator.resume(alert)

    async def _settle(self) -> None:
        """Wait until nothing is left to be sent, and nobody is lost."""
        loop = asyncio.get_running_loop()
        ends_s, decided_s = loop.time() + SETTLE_S, float("-inf")
        while loop.time() < ends_s:
            # On a busy machine a store that was healed may still be starting.
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                if loop.time() - decided_s > DECIDE_EVERY_S:
                    decided_s = loop.time()
                    for slot in self._world.slots:
                        await slot.revive()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(SETTLE_S):
                            await self._operator.decide()
                if await self._is_settled():
                    return
            await asyncio.sleep(LOOK_S)
        self._notes.append(f"! not through {SETTLE_S:.0f} s after everything was healed")

    async def _is_settled(self) -> bool:
        alerts = self._operator.alerts
        if (await self._world.deployment.query(UNFINISHED, [alert.id for alert in alerts]))[0][0]:
            return False
        requests, recorded = self._journals.read(), await self._recorded()
        inside = self._world.inside
        return not any(lost_of(one, requests, inside, recorded.get(one.id, EMPTY)).size for one in alerts)

    async def _recorded(self) -> dict[str, NDArray[np.int64]]:
        """Return whom the record has as notified of each alert that was ended, by its id."""
        recorded = {}
        for alert in self._operator.alerts:
            if alert.ended:
                rows = await self._world.deployment.query(RECORDED, alert.id)
                recorded[alert.id] = np.concatenate([EMPTY, *(unpack(row[0]) for row in rows)])
        return recorded
