"""Lanes of all processes: how each stands, and their restart, which every process hears of through the record.

A process says how its lanes stand every few seconds; one that has been silent for `SILENT` is gone. A restart waits for
all that are there, `WAIT_S` at most. Bounded: as `sql.lanes` bounds the reports.
"""

from __future__ import annotations

import asyncio
import enum
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

import sql.audit
import sql.lanes
from handlers.administration.changing import Administrator, changed
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal
from push.delivery.breaker import Condition
from push.delivery.stats import LastError
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from push.delivery.lane import Lane
    from sql.database import Connection, Pool

SILENT: Final = timedelta(seconds=15)
"""Five reports: who said nothing for so long has ended, or has lost the record and sends nothing."""

WAIT_S: Final = 5.0
"""For all processes to hear of a restart: each asks every second."""

LOOK_S: Final = 0.2


class Restarted(enum.StrEnum):
    """What a process made of a restart."""

    TRIED_AGAIN = "tried_again"
    SETTINGS_TAKEN = "settings_taken"
    """The settings or files of the lane had changed: it goes on with them."""

    SETTINGS_UNREADABLE = "settings_unreadable"
    """It tries again with what it had."""

    NO_LANE = "no_lane"


class LaneReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a lane stands in a process: its breaker, its pace (recipients a second), what waits, the last errors.

    `half_open`: a probe is being answered. `held_s`: for how long the provider asked to be left alone.
    """

    condition: Condition
    half_open: bool
    next_probe_s: float | None
    configured_per_s: float | None
    rate_per_s: float | None
    held_s: float
    simulated: bool
    workers: int
    queued: int
    parked: int
    in_flight: int
    errors: list[LastError]


class ProcessLane(msgspec.Struct, frozen=True, kw_only=True):
    """What a process said of a lane, so many seconds ago."""

    process: UUID
    lane: str
    age_s: float
    report: LaneReport


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A process that heard of a restart."""

    process: UUID
    outcome: Restarted


class Restart(msgspec.Struct, frozen=True, kw_only=True):
    """A restart: which processes have heard of it, and which of those that are there have not yet."""

    id: int
    lane: str
    heard: list[Heard]
    waiting: list[UUID]


def report_of(lane: Lane) -> LaneReport:
    """Return how a lane of this process stands."""
    condition = lane.breaker.condition
    return LaneReport(
        condition=condition,
        half_open=lane.breaker.next_probe_s is not None and lane.stats.in_flight > 0,
        next_probe_s=lane.breaker.next_probe_s,
        configured_per_s=lane.pace.configured_per_s,
        rate_per_s=lane.pace.rate_per_s,
        held_s=lane.pace.held_s,
        simulated=lane.plan.simulated,
        workers=lane.plan.workers,
        queued=len(lane.queue),
        parked=lane.queue.parked,
        in_flight=lane.stats.in_flight,
        errors=lane.stats.errors.newest_first,
    )


async def standing(pool: Pool | Connection) -> list[ProcessLane]:
    """Return how the lanes of all processes stand, by lane."""
    found: list[ProcessLane] = []
    for row in await sql.lanes.reports(pool, SILENT):
        try:
            report = msgspec.json.decode(row.content, type=LaneReport)
        except DECODE_ERRORS:
            # Of another version of the server, which says it in other words.
            continue
        age_s = max(0.0, row.age.total_seconds())
        found.append(ProcessLane(process=row.process, lane=row.lane, age_s=age_s, report=report))
    return found


async def restart(pool: Pool, by: Administrator, lane: str) -> Restart | Refusal:
    """Have every process restart a lane; returns who has heard of it when all have, or after `WAIT_S`."""

    async def work(connection: Connection) -> int | Refusal:
        if lane not in {one.lane for one in await sql.lanes.reports(connection, SILENT)}:
            return Refusal(ProblemCode.UNKNOWN_LANE, "no process has such a lane")
        asked = await sql.lanes.add_restart(connection, lane)
        await sql.audit.append(connection, by.event("lane restarted", lane=lane, restart=asked))
        return asked

    asked = await changed(pool, by, work)
    if isinstance(asked, Refusal):
        return asked
    until_s = asyncio.get_running_loop().time() + WAIT_S
    while True:
        found = await restart_of(pool, asked)
        assert found is not None  # nosec B101 # noqa: S101 - it was just added, and none is ever removed
        if not found.waiting or asyncio.get_running_loop().time() > until_s:
            return found
        await asyncio.sleep(LOOK_S)


async def restart_of(pool: Pool, restart_id: int) -> Restart | None:
    """Return a restart with who has heard of it, None when there is none."""
    row = await sql.lanes.read(pool, restart_id)
    if row is None:
        return None
    there = {one.process for one in await sql.lanes.reports(pool, SILENT) if one.lane == row.lane}
    heard = [Heard(process=one.process, outcome=Restarted(one.outcome)) for one in row.heard]
    waiting = sorted(there - {one.process for one in heard})
    return Restart(id=restart_id, lane=row.lane, heard=heard, waiting=waiting)
