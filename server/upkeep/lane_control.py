"""Says in the record how the lanes of this process stand, and restarts those that an administrator asks for.

Bounded: a look every `LOOK_S`, a report every `REPORT_S` or when a breaker changes; restarts that are older than
`HEARD_WITHIN` are left aside, because a process that starts tries everything anyway.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

import sql.lanes
from handlers.administration.lanes import report_of
from runtime.retry import retry_until_available
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from push.engine import Engine
    from server.upkeep.reload import Reload
    from sql.database import Pool

LOOK_S: Final = 1.0
"""So soon a restart is heard of."""

REPORT_S: Final = 3.0
HEARD_WITHIN: Final = timedelta(minutes=1)
END_S: Final = 1.0
"""To say that a process has ended; otherwise that is seen when it says nothing more."""

_log = structlog.get_logger("server.upkeep.lane_control")


class LaneControl:
    """The lanes of one process, as others see and restart them."""

    def __init__(self, engine: Engine, reload: Reload) -> None:
        self._engine = engine
        self._reload = reload
        self._pool: Pool = engine.stores.requests_pool
        self._process = engine.claims.leases.owner
        self._reported_s = float("-inf")
        self._conditions: list[str] = []

    async def run(self) -> None:
        """Report and listen until cancelled."""
        async with asyncio.TaskGroup() as group:
            try:
                while True:
                    await retry_until_available(lambda: self._look(group), UNAVAILABLE_ERRORS, "postgresql")
                    await asyncio.sleep(LOOK_S)
            finally:
                await self._end()

    async def _look(self, group: asyncio.TaskGroup) -> None:
        for restart, lane in await sql.lanes.due(self._pool, self._process, HEARD_WITHIN):
            outcome = await self._reload.restart(lane, group)
            _log.info("lane.restart_asked", lane=lane, restart=restart, outcome=outcome.value)
            await sql.lanes.note(self._pool, restart, self._process, outcome.value)
            self._reported_s = float("-inf")
        now_s = asyncio.get_running_loop().time()
        conditions = [lane.breaker.condition.value for lane in self._engine.lanes.values()]
        if now_s - self._reported_s >= REPORT_S or conditions != self._conditions:
            reports = {name: msgspec.json.encode(report_of(lane)) for name, lane in self._engine.lanes.items()}
            await sql.lanes.put(self._pool, self._process, reports)
            self._reported_s, self._conditions = now_s, conditions

    async def _end(self) -> None:
        try:
            async with asyncio.timeout(END_S):
                await sql.lanes.remove(self._pool, self._process)
        except UNAVAILABLE_ERRORS as error:
            _log.info("lanes.not_removed", error=type(error).__name__)
