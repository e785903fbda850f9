"""Device records and crowds that nobody reported: a token lane and an estimate go on without them."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from geo.area import Area, Circle
from geo.connection import connect
from geo.index import keys
from geo.index.devices import LOCALE_USUAL, TOKEN_MAX, address, devices_from
from geo.index.keys import Generations
from geo.index.position_index import PositionIndex
from geo.index.reports import Positions, now_ms
from geo.index.sample import sample
from geo.index.shards import shard_of, shards_of
from tests.conformance.test_batch_lanes import ONE_RING
from tests.support.alarms import alarms_of
from tests.support.processes.processes import until
from tests.support.providers.lanes import FcmLane
from tests.support.stores.poison import FAR_MS, values

if TYPE_CHECKING:
    from redis import asyncio as aioredis

    from tests.support.processes.deployment import Deployment

PEOPLE: Final = 600
LANE: Final = b"fcm"
FIRST: Final = 100_000_000
CROWD: Final = 300_000


def _records(source: random.Random) -> list[bytes]:
    """Return records that no report made: cut anywhere, of times to come, with texts of every sort in every place."""
    whole = (now_ms() - 1).to_bytes(6, "big") + LANE + b"\0zh-CN\0" + b"t" * 140
    cut = [whole[:end] for end in range(len(whole) - 130)]
    spoiled = [
        made
        for value in values(source)
        for made in (
            value,
            whole[:6] + value,
            whole[:6] + LANE + value,
            whole[:6] + LANE + b"\0" + value,
            whole[:6] + LANE + b"\0" + value + b"\0" + value,
            whole[:6] + LANE + b"\0\0" + value,
            FAR_MS.to_bytes(6, "big") + LANE + b"\0\0" + value,
        )
    ]
    return [*cut, *spoiled]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_record_is_read_as_a_device_within_its_bounds(seed: int) -> None:
    """Whatever a lane finds in it: a locale by its grammar or the usual one, a token no longer than any."""
    found = [
        one for one in _records(random.Random(seed)) if len(one) > 6 + len(LANE) and one[6:].startswith(LANE + b"\0")
    ]
    assert len(found) > 100
    devices = devices_from([*found, None], LANE.decode())
    assert devices.tokens[-1] is None
    assert all(token is not None and len(token) <= TOKEN_MAX for token in devices.tokens[:-1])
    assert all(
        locale == LOCALE_USUAL or (locale.isascii() and 0 < len(locale) <= 35) for locale in devices.locales.values()
    )


async def test_spoiled_device_records_cost_nobody_else_the_alert(deployment: Deployment, redis: aioredis.Redis) -> None:
    """A third of a token lane: all others are notified; who reports again replaces the record, and is notified, too."""
    await deployment.provider()
    lane = FcmLane(deployment)
    await lane.start()
    users = [FIRST + row for row in range(PEOPLE)]
    tokens = [lane.token_of(user) for user in users]
    positions = Positions(
        "fcm", users, [114.05] * PEOPLE, [22.54] * PEOPLE, [now_ms() - 1000] * PEOPLE,
        [address("zh-CN", token) for token in tokens],
    )  # fmt: skip
    client = connect(deployment.redis_url)
    await PositionIndex(client, ("tpns", "fcm")).record(positions)
    await client.aclose()
    # A well-formed token is an address, whoever wrote it; the simulated provider only knows its own.
    records = [one for one in _records(random.Random(1)) if not re.fullmatch(rb"[\w:.-]+", one.rpartition(b"\0")[2])]
    present = Generations().of(now_ms())
    for row, user in enumerate(users[::3]):
        await redis.hset(keys.devices(shard_of(user), present), str(user), records[row * 7 % len(records)])
    server = await deployment.server(**ONE_RING, **lane.env(), QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S="1")
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    good = [user for row, user in enumerate(users) if row % 3]
    assert np.array_equal(np.intersect1d(await lane.reached(), good), good)
    assert server.alive
    alarms = await alarms_of(deployment, server)
    assert ("unreadable_data", "redis: device") in {(alarm["kind"], alarm["about"]) for alarm in alarms}
    at = (await deployment.query("select now()"))[0][0].isoformat()
    reports: list[dict[str, Any]] = [
        {"user": user, "lane": "fcm", "token": lane.token_of(user), "longitude": 114.05, "latitude": 22.54, "at": at}
        for user in users[::3]
    ]
    status, taken = await deployment.post(f"{server.url}/v1/devices", reports)
    assert (status, taken["accepted"]) == (200, len(reports))
    _, answer = await deployment.file(server, case_number="SZ-2")
    await deployment.sent(server, answer["alert"]["id"])

    async def are_reached() -> bool:
        # A record that names no lane looks like a change of lanes, which waits for a minute.
        return bool((await lane.reached()).tolist() == users)

    await until(are_reached)


async def test_a_crowd_in_one_shard_neither_stops_an_alert_nor_blows_up_its_estimate(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """300,000 members that are no users stand in one shard: everybody else is notified, and the cap holds nobody."""
    await deployment.provider()
    inside = await deployment.people(5_000)
    name = keys.positions(5, "tpns", Generations().of(now_ms()))
    for start in range(0, CROWD, 50_000):
        rows = [part for one in range(start, start + 50_000) for part in (114.05, 22.54, f"x{one}")]
        await redis.geoadd(name, rows)
    server = await deployment.server(QQ_ALERT_ALERT__AUDIENCE_CAP="10000", QQ_ALERT_ALERT__ESTIMATE_WITHIN_S="10")
    _, answer = await deployment.file(server)
    assert answer["alert"]["estimate"]["people"] < 10_000
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)
    assert server.alive


async def test_an_estimate_leaves_out_a_shard_that_somebody_filled(redis: aioredis.Redis) -> None:
    """Users of the right shard by the thousand, in one of the shards that are sampled: about the true number."""
    index = PositionIndex(redis, ("tpns",))
    number = 20_000
    people = Positions("tpns", [*range(1, number + 1)], [114.05] * number, [22.54] * number, [now_ms()] * number)
    await index.record(people)
    likely = np.arange(10**9, 10**9 + 30_000_000, dtype=np.int64)
    forged = likely[shards_of(likely) == 0][:20_000].tolist()
    name = keys.positions(0, "tpns", Generations().of(now_ms()))
    await redis.geoadd(name, [part for user in forged for part in (114.05, 22.54, str(user))])
    for seed in (0, 1):
        found = await sample(index, "tpns", [Area(Circle(114.05, 22.54, 50.0))], seed)
        assert found.total.low / 1.5 <= number <= found.total.high * 1.5
