"""A lane's breaker: leaves a failing provider alone, but for one probe at a time.

        failures in a row, or one misconfigured           probe answered
closed ------------------------------------------> open ----------------> closed
                                                     ^ |
                                                     +-+ probe failed: the next one after a longer wait

Too many invalid tokens stop the lane: more probes would show nothing until a person has corrected it (`stopped`).

A provider that answers nothing at all is said to be silent long before its requests fail.

Bounded: probes are at most `LANE_REST_MAX_S` apart for an outage and `MISCONFIGURED_PROBE_S` for refused credentials.
"""

from __future__ import annotations

import asyncio
import enum
from typing import TYPE_CHECKING, Final

from push.alarm_kinds import AlarmKind
from push.transport.retry_policy import LANE_REST_LEAST_S, LANE_REST_MAX_S, MISCONFIGURED_PROBE_S, Failures

if TYPE_CHECKING:
    from collections.abc import Callable

    from push.alarms import AlarmBoard
    from push.delivery.stats import LaneStats

SILENT_S: Final = 5.0
"""Providers answer within a second or two; a lane may wait for two minutes before a request fails."""

LOOK_S: Final = 1.0


class Condition(enum.StrEnum):
    """The state of a lane's breaker."""

    CLOSED = "closed"
    OUTAGE = "outage"
    MISCONFIGURED = "misconfigured"
    STOPPED = "stopped"


class Breaker:
    """Lets all workers send while closed; while open lets one probe through at each probe time."""

    def __init__(self, misconfigured_probe_s: float = MISCONFIGURED_PROBE_S) -> None:
        self.condition = Condition.CLOSED
        self.misconfigured_probe_s = misconfigured_probe_s
        self._failures = Failures(LANE_REST_MAX_S, LANE_REST_LEAST_S)
        self._probe_at_s = 0.0
        self._changed = asyncio.Event()

    @property
    def next_probe_s(self) -> float | None:
        """In how many seconds the next probe may go; None while closed, or stopped for good."""
        if self.condition in {Condition.CLOSED, Condition.STOPPED}:
            return None
        return max(0.0, self._probe_at_s - asyncio.get_running_loop().time())

    async def wait_for_turn(self, over: Callable[[], bool] = lambda: False) -> bool:
        """Wait until this caller may send: at once while closed, else (returning True) when it is the next probe.

        A caller with nothing to send any more (`over`, asked again at every `wake`) waits no longer and takes no probe.
        """
        loop = asyncio.get_running_loop()
        while self.condition is not Condition.CLOSED and not over():
            wait_s = self._probe_at_s - loop.time()
            if wait_s <= 0 and self.condition is not Condition.STOPPED:
                # This caller is the probe; the others wait for its answer or for the next turn.
                self._schedule_probe()
                return True
            self._changed.clear()
            try:
                async with asyncio.timeout(None if self.condition is Condition.STOPPED else wait_s):
                    await self._changed.wait()
            except TimeoutError:
                continue
        return False

    def give_turn_back(self) -> None:
        """Let another caller be the probe, at once: the one that was had nothing to ask of the provider."""
        if self.condition in {Condition.CLOSED, Condition.STOPPED}:
            return
        self._failures.not_rested()
        self._probe_at_s = asyncio.get_running_loop().time()
        self._changed.set()

    def answered(self) -> bool:
        """Note an answer; returns True when this closed the breaker."""
        self._failures.answered()
        if self.condition in {Condition.CLOSED, Condition.STOPPED}:
            return False
        self._set(Condition.CLOSED)
        return True

    def failed(self) -> bool:
        """Note a failure of the provider; returns True when this opened the breaker."""
        too_many = self._failures.failed()
        if self.condition is not Condition.CLOSED or not too_many:
            return False
        self._set(Condition.OUTAGE)
        return True

    def misconfigured(self) -> bool:
        """Note that the provider rejects our credentials; returns True when this changed the condition."""
        if self.condition in {Condition.MISCONFIGURED, Condition.STOPPED}:
            return False
        self._set(Condition.MISCONFIGURED)
        return True

    def wake(self) -> None:
        """Ask those who wait again whether they still have something to send."""
        self._changed.set()

    def stop(self) -> None:
        """End all sending of the lane in this process."""
        self._set(Condition.STOPPED)

    def try_again(self) -> None:
        """Let the next probe go at once, also where the lane was stopped: what it sends with has changed."""
        if self.condition is Condition.CLOSED:
            return
        if self.condition is Condition.STOPPED:
            self.condition = Condition.OUTAGE
        self._failures.answered()
        self._probe_at_s = asyncio.get_running_loop().time()
        self._changed.set()

    def _set(self, condition: Condition) -> None:
        self.condition = condition
        self._failures.answered()
        if condition is not Condition.CLOSED:
            self._schedule_probe()
        self._changed.set()

    def _schedule_probe(self) -> None:
        if self.condition is Condition.MISCONFIGURED:
            wait_s = self.misconfigured_probe_s
        else:
            wait_s = self._failures.next_rest_s()
        self._probe_at_s = asyncio.get_running_loop().time() + wait_s


async def watch_silence(lane: str, stats: LaneStats, alarms: AlarmBoard, is_idle: Callable[[], bool]) -> None:
    """Raise an alarm while requests of a lane wait, and none was answered for `SILENT_S`; until cancelled.

    The next answer ends it, as it ends every outage; and that nothing is left to be sent (`is_idle`), because no answer
    comes then.
    """
    loop, has_raised = asyncio.get_running_loop(), False
    while True:
        await asyncio.sleep(LOOK_S)
        since_s = stats.unanswered_since_s
        if since_s is not None and loop.time() - since_s >= SILENT_S:
            alarms.lane(lane, AlarmKind.OUTAGE, f"no request was answered for {SILENT_S:g} s")
            has_raised = True
        elif has_raised and is_idle():
            alarms.clear(AlarmKind.OUTAGE, lane, None)
            has_raised = False
