"""A message that a gateway cannot make a request of fails its unit, which is parked; all other units are sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from geo.index.keys import Generations
from geo.index.position_index import PositionIndex
from geo.index.shards import shard_of
from push.delivery.breaker import Condition
from push.delivery.lane import LanePlan
from push.engine import Engine
from push.results import RequestStatus, SendResult
from push.stores import EngineStores
from runtime.tasks import cancel_and_wait
from tests.integration.test_claims import add_alert, add_authority
from tests.simulation.world.process import PLAN
from tests.support.processes.deployment import reports_now
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from redis.asyncio import Redis

    from push.message.content import Message
    from push.provider import Clearance
    from server.embedded import StoreUrls
    from sql.database import RecordPool

LANE: Final = "tpns"
USERS: Final = [user for user in range(200_000) if shard_of(user) == 0]
"""All of the one unit."""

PLACE: Final = (114.0, 22.5)
FAILURES: Final = 3


class Gateway:
    """A provider that takes every message but those of one alert, of which it can make no request."""

    recipients_max = 100

    def __init__(self) -> None:
        self.bad: UUID | None = None
        self.failed = 0
        self.reached: list[int] = []

    async def send(self, message: Message, recipients: Sequence[bytes], _: Clearance) -> SendResult:
        """Accept all, or raise."""
        if message.alert_id == self.bad:
            self.failed += 1
            raise KeyError(message.text.title)
        self.reached += [int(one) for one in recipients]
        return SendResult(RequestStatus.ANSWERED)

    async def close(self) -> None:
        """Close nothing."""


async def test_a_message_that_cannot_be_made_fails_its_unit_alone(
    pool: RecordPool, stores: StoreUrls, redis: Redis
) -> None:
    """It is tried three times and parked with an alarm, its lane stays open, and everybody gets the other alert."""
    assert stores.postgres is not None
    await PositionIndex(redis, (LANE,)).record(
        reports_now(LANE, USERS, [PLACE[0]] * len(USERS), [PLACE[1]] * len(USERS))
    )
    await add_authority(pool)
    gateway = Gateway()
    plan = msgspec.structs.replace(PLAN, lanes={LANE: LanePlan(workers=2, queue_batches=4)}, lease_s=60.0)
    engine = Engine(plan, EngineStores(stores.postgres, pool, pool, redis, (LANE,), Generations()), {LANE: gateway})
    await engine.compare_clocks()
    await engine.index_watch.look_first()
    gateway.bad = await add_alert(pool, "bad", due_in_min=20, rings=(1,), units=1)
    running = asyncio.create_task(_run(engine))
    try:
        await until(lambda: _is_parked(engine))
        await add_alert(pool, "good", due_in_min=30, rings=(1,), units=1)
        engine.wake()
        await until(lambda: _has_all(gateway))
        assert FAILURES <= gateway.failed <= FAILURES * engine.lanes[LANE].plan.workers
        assert engine.lanes[LANE].breaker.condition is Condition.CLOSED
        assert not running.done()
    finally:
        await cancel_and_wait([running])


async def _run(engine: Engine) -> None:
    async with asyncio.TaskGroup() as group:
        engine.start(group)


async def _is_parked(engine: Engine) -> bool:
    return bool(engine.claims.unreadable.parked) and any("KeyError" in one.detail for one in engine.alarms.standing)


async def _has_all(gateway: Gateway) -> bool:
    return np.array_equal(np.sort(gateway.reached), USERS)
