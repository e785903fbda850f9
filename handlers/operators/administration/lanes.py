"""`/v1/lanes`: how the lanes of all processes stand, and their restart without a restart of a server.

Bounded: as `handlers.administration.lanes`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from aiohttp import web

from handlers.administration import lanes
from handlers.administration.lanes import Restarted
from handlers.alert_answers import Answer
from handlers.http.problems import Refusal
from handlers.operators.administration.asked import ConfirmedChange, answered, confirmed
from push.delivery.breaker import Condition

if TYPE_CHECKING:
    from handlers.administration.lanes import ProcessLane, Restart
    from handlers.http.route import Call
    from sql.database import Pool


class LaneError(Answer, frozen=True, kw_only=True):
    """What a provider answered to whole requests of a process, when last, and how often since that started."""

    status: str
    reason: str
    count: int
    at: datetime


class LaneOfProcess(Answer, frozen=True, kw_only=True):
    """How a lane stood in a process `age_s` ago: its breaker, its pace in recipients a second, what waits.

    `half_open`: a probe was being answered; `next_probe_s`: until the next one, null where there is none. `rate_per_s`:
    below what is configured after throttling; null without a limit. `held_s`: for how long the provider asked for rest.
    """

    process: UUID
    age_s: float
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
    errors: list[LaneError]


class LaneState(Answer, frozen=True, kw_only=True):
    """A lane, in every process that said something within the last fifteen seconds."""

    lane: str
    processes: list[LaneOfProcess]


class LanesAnswer(Answer, frozen=True, kw_only=True):
    """All lanes by name."""

    lanes: list[LaneState]


class HeardOf(Answer, frozen=True, kw_only=True):
    """A process that heard of a restart, and what it made of it."""

    process: UUID
    outcome: Restarted


class RestartAnswer(Answer, frozen=True, kw_only=True):
    """A restart: who has heard of it, and which processes had not yet when it was answered."""

    id: int
    lane: str
    heard: list[HeardOf]
    waiting: list[UUID]


class Lanes:
    """Shows lanes and restarts them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get_all(self, _: Call[None]) -> LanesAnswer:
        """Return the lanes of all processes."""
        return await self.standing()

    async def standing(self) -> LanesAnswer:
        """Return the lanes of all processes."""
        by_lane: dict[str, list[LaneOfProcess]] = {}
        for one in await lanes.standing(self._pool):
            by_lane.setdefault(one.lane, []).append(_shown(one))
        return LanesAnswer(lanes=[LaneState(lane=name, processes=found) for name, found in sorted(by_lane.items())])

    async def post_restart(self, call: Call[ConfirmedChange]) -> RestartAnswer | web.Response:
        """Restart a lane in every process; answers when all have heard of it, or after five seconds."""
        lane = call.request.match_info["lane"]
        by = confirmed(call, lane)
        if isinstance(by, web.Response):
            return by
        done = await lanes.restart(self._pool, by, lane)
        return answered(done) if isinstance(done, Refusal) else _answer(done)

    async def restart(self, restart_id: int) -> RestartAnswer | None:
        """Return a restart as it stands, None when there is none."""
        found = await lanes.restart_of(self._pool, restart_id)
        return None if found is None else _answer(found)


def _shown(one: ProcessLane) -> LaneOfProcess:
    fields = msgspec.structs.asdict(one.report)
    errors = [msgspec.convert(error, LaneError, from_attributes=True) for error in fields.pop("errors")]
    return LaneOfProcess(process=one.process, age_s=round(one.age_s, 1), errors=errors, **fields)


def _answer(done: Restart) -> RestartAnswer:
    heard = [HeardOf(process=one.process, outcome=one.outcome) for one in done.heard]
    return RestartAnswer(id=done.id, lane=done.lane, heard=heard, waiting=done.waiting)
