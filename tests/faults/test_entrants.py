"""Crashes and stores that are away lose no late entrant, and repeat no more than the batches in flight."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import asyncpg
import numpy as np

from push.fanout.packing import unpack
from tests.support.processes.processes import Process, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis import asyncio as aioredis

    from tests.support.processes.deployment import Deployment

KILLS: Final = int(os.environ.get("KILLS_WHILE_USERS_ENTER", "5"))
ENTRANTS: Final = 1000
BATCH: Final = 20
STILL_LOOKS: Final = 10
"""So often the provider has accepted nobody more before all that a dead server asked of it counts as answered."""

RECORDED: Final = "select packed from ledger where notice = 'alert' and outcome = 'accepted'"
NEAR: Final = (114.06, 22.55)
FAR: Final = (100.0, 35.0)
NO_PASS: Final = {"QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "3600"}
AGAIN_S: Final = 0.05


def _reports(users: Sequence[int], place: tuple[float, float]) -> list[dict[str, Any]]:
    at = datetime.now(UTC)
    return [{"user": user, "lane": "tpns", "longitude": place[0], "latitude": place[1], "at": at} for user in users]


async def _report(deployment: Deployment, server: Process, users: Sequence[int], place: tuple[float, float]) -> None:
    answer = await deployment.post(f"{server.url}/v1/devices", _reports(users, place))
    assert answer == (200, {"accepted": len(users), "rejected": []})


class Platform:
    """Sends reports to whichever server runs, each again until it is answered."""

    def __init__(self, deployment: Deployment, server: Process) -> None:
        self._deployment = deployment
        self.server = server
        self.answered = 0

    async def run(self) -> None:
        """Let all entrants come in."""
        for start in range(1, ENTRANTS + 1, BATCH):
            reports = _reports(range(start, start + BATCH), NEAR)
            while True:
                with suppress(aiohttp.ClientError, OSError):
                    status, _ = await self._deployment.post(f"{self.server.url}/v1/devices", reports)
                    if status == 200:
                        break
                await asyncio.sleep(AGAIN_S)
            self.answered += BATCH


async def test_kills_while_a_thousand_users_enter_lose_none_of_them(deployment: Deployment) -> None:
    """SIGKILL at random moments between report and send: all are notified, and twice only whom no row had by then."""
    await deployment.provider("--latency-ms", "20")
    inside = await deployment.people(2000)
    server = await deployment.server(**NO_PASS)
    await _report(deployment, server, range(1, ENTRANTS + 1), FAR)
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    platform = Platform(deployment, server)
    rng, in_flight = random.Random(KILLS), 0
    async with asyncio.TaskGroup() as group:
        group.create_task(platform.run())
        for kill in range(KILLS):
            # By turns right after some report was answered, and right after somebody was notified.
            moment = int(ENTRANTS * (kill + rng.random()) / (KILLS + 1))
            if kill % 2:
                await until(partial(_has_answered, platform, moment))
            else:
                await until(partial(_is_reached, deployment, inside.size + moment))
            platform.server.end(signal.SIGKILL)
            in_flight += await _unrecorded(deployment)
            platform.server = await deployment.server(**NO_PASS)
    await until(lambda: _is_reached(deployment, inside.size + ENTRANTS))
    assert np.array_equal(await deployment.reached(), np.union1d(inside, np.arange(1, ENTRANTS + 1)))
    assert (await deployment.counts())["duplicates"] <= in_flight


async def _unrecorded(deployment: Deployment) -> int:
    """Return how many people the provider has accepted of a server that is dead, and the record does not know."""
    looks = [-1]

    async def is_still() -> bool:
        looks.append(int((await deployment.counts())["accepted"]))
        return len(looks) > STILL_LOOKS and len({*looks[-STILL_LOOKS:]}) == 1

    await until(is_still)
    recorded = [unpack(row[0]) for row in await deployment.query(RECORDED)]
    return int(np.setdiff1d(await deployment.reached(), np.concatenate(recorded)).size)


async def _has_answered(platform: Platform, reports: int) -> bool:
    return platform.answered >= reports


async def _is_reached(deployment: Deployment, people: int) -> bool:
    return int((await deployment.counts())["distinct"]) >= people


async def test_a_second_server_takes_over_the_entrants_of_a_dead_one(deployment: Deployment) -> None:
    """Noted by a server that is killed before it sends, without another report and without a pass."""
    provider = await deployment.provider()
    inside = await deployment.people(1000)
    first = await deployment.server(**NO_PASS)
    _, answer = await deployment.file(first)
    await deployment.sent(first, answer["alert"]["id"])
    second = await deployment.server(**NO_PASS)
    await until(lambda: _no_pass_is_due(deployment))
    await deployment.switch_outage(on=True)
    await _report(deployment, first, range(1, 101), NEAR)

    async def is_held() -> bool:
        held = "select count(*) from sweep_unit where entrants and lease_until > now()"
        return bool((await deployment.query(held))[0][0])

    await until(is_held)
    first.end(signal.SIGKILL)
    await deployment.switch_outage(on=False)
    await until(lambda: _is_reached(deployment, inside.size + 100))
    assert second.alive
    assert provider.alive
    assert np.array_equal(await deployment.reached(), np.union1d(inside, np.arange(1, 101)))


async def _no_pass_is_due(deployment: Deployment) -> bool:
    """Tell whether the pass is through that every start causes."""
    query = """select bool_and(a.next_sweep_at > now()) and not exists (select from sweep_unit where not done)
               from alert a"""
    return bool((await deployment.query(query))[0][0])


async def test_reports_are_taken_while_the_record_takes_no_entrants_and_a_pass_finds_them(
    deployment: Deployment,
) -> None:
    """A report is answered all the same, and a full pass is made once the record is there again."""
    await deployment.provider()
    inside = await deployment.people(1000)
    server = await deployment.server(**NO_PASS)
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    blocker = await asyncpg.connect(deployment.database_url)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("lock table entrant in access exclusive mode")
    await _report(deployment, server, range(1, 101), NEAR)
    await transaction.rollback()
    await blocker.close()
    await until(lambda: _is_reached(deployment, inside.size + 100))

    async def is_swept_again() -> bool:
        return bool((await deployment.query("select max(passes) from sweep_unit where not entrants"))[0][0])

    await until(is_swept_again)
    assert np.array_equal(await deployment.reached(), np.union1d(inside, np.arange(1, 101)))
    assert (await deployment.counts())["duplicates"] == 0


async def test_after_a_flush_who_enters_is_notified_and_who_was_notified_is_not_again(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """Nobody knows any more who was inside: residents and entrants report, and the ledger tells them apart."""
    await deployment.provider()
    inside = await deployment.people(1000)
    server = await deployment.server(**NO_PASS)
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    await redis.flushall()
    await _report(deployment, server, [*inside[:300].tolist(), *range(1, 101)], NEAR)
    await until(lambda: _is_reached(deployment, inside.size + 100))

    async def nobody_waits() -> bool:
        return bool((await deployment.query("select count(*) from entrant"))[0][0] == 0)

    await until(nobody_waits)
    assert np.array_equal(await deployment.reached(), np.union1d(inside, np.arange(1, 101)))
    assert (await deployment.counts())["duplicates"] == 0
