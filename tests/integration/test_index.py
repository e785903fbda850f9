"""The index: a user has exactly one position, the newest, and is forgotten on time or at once."""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from geo.area import Area, Circle
from geo.index import keys
from geo.index.calls import AGAIN_MS, FORGOTTEN_KEPT_MS, MOVED_KEPT_MS
from geo.index.forgetting import Forgetting
from geo.index.keys import DAY_MS, Generations
from geo.index.position_index import NOT_KNOWN, UNCHANGED, PositionIndex
from geo.index.reports import Positions, now_ms
from geo.index.search.members import places
from geo.index.shards import shard_of
from push.fanout.claims.languages import Languages
from push.fanout.sweep import Packer
from push.message.content import Content
from tests.support.processes.processes import ROOT, until

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from redis import asyncio as aioredis

    from push.fanout.claims.unit import HeldUnit
    from server.embedded import StoreUrls

USER = 7
SHARD = shard_of(USER)
HERE, THERE = (114.0, 22.0), (10.0, 50.0)
AREAS = [Area(Circle(*HERE, 1)), Area(Circle(*THERE, 1))]
LANES = ("tpns", "other")
WEEK_MS = 7 * DAY_MS

BEHIND_MS = 20 * 60_000
REPORTERS_S = 10
USERS = 10_000
PROCESSES = 2


def _report(lane: str, place: tuple[float, float], at_ms: int) -> Positions:
    return Positions(lane, [USER], [place[0]], [place[1]], [at_ms])


async def _scored(redis: aioredis.Redis, name: bytes) -> list[tuple[bytes, float]]:
    return cast("list[tuple[bytes, float]]", await redis.zrange(name, 0, -1, withscores=True))


async def _found_at(index: PositionIndex) -> list[tuple[str, str]]:
    """Return (lane, place) of every position of the user."""
    found = []
    for lane in LANES:
        ((here, there),) = await index.search(lane, [SHARD], AREAS)
        found += [(lane, "here")] * len(here) + [(lane, "there")] * len(there)
    return found


async def test_an_older_report_never_overwrites_a_newer_one(redis: aioredis.Redis) -> None:
    """Out of order, across lanes and generations: the newest remains, and a repeat changes nothing."""
    index = PositionIndex(redis, LANES)
    moment = now_ms()
    assert await index.record(_report("tpns", HERE, moment - 10)) == 1
    for older in (_report("tpns", THERE, moment - 11), _report("other", THERE, moment - WEEK_MS)):
        assert await index.record(older) == 0
    assert await index.record(_report("other", THERE, moment - 10)) == 0
    assert await _found_at(index) == [("tpns", "here")]
    assert await index.record(_report("other", THERE, moment - 9)) == 1
    assert await _found_at(index) == [("other", "there")]


async def test_a_user_moves_from_the_generation_before_to_the_present_one(redis: aioredis.Redis) -> None:
    """Last week's position is found until this week's replaces it; then only the new one."""
    index = PositionIndex(redis, LANES)
    moment = now_ms()
    last_week = max(moment - WEEK_MS, index.generations.oldest_ms(moment))
    await index.record(_report("tpns", HERE, last_week))
    assert await _found_at(index) == [("tpns", "here")]
    await index.record(_report("tpns", THERE, moment))
    assert await _found_at(index) == [("tpns", "there")]
    present = index.generations.of(moment)
    assert await redis.zcard(keys.positions(SHARD, "tpns", present - 1)) == 0
    assert await redis.hlen(keys.devices(SHARD, present - 1)) == 0


async def test_a_position_is_forgotten_between_once_and_twice_the_time(redis: aioredis.Redis) -> None:
    """Every key of positions and devices expires one generation after its own generation ended."""
    index = PositionIndex(redis, LANES)
    moment = now_ms()
    await index.record(_report("tpns", HERE, moment))
    names = await redis.keys("*")
    assert len(names) == 2
    for name in names:
        kept_ms = await redis.pttl(name)
        assert kept_ms + 5000 >= WEEK_MS
        assert kept_ms <= 2 * WEEK_MS


async def test_redis_forgets_a_generation_by_itself(redis: aioredis.Redis) -> None:
    """With generations of seconds a position is gone two of them later, without a scan or a report."""
    index = PositionIndex(redis, LANES, Generations(5000))
    await index.record(_report("tpns", HERE, now_ms()))
    kept_ms = [await redis.pttl(name) for name in await redis.keys("*")]
    assert len(kept_ms) == 2
    assert all(0 < one <= 2 * 5000 for one in kept_ms)

    async def empty() -> bool:
        return int(await redis.dbsize()) == 0

    await until(empty)


async def test_a_report_from_before_forgetting_does_not_bring_a_user_back(redis: aioredis.Redis) -> None:
    """Delivered late, it is refused for an hour; a report made afterwards counts."""
    index = PositionIndex(redis, LANES)
    moment = now_ms()
    await index.record(_report("tpns", HERE, moment - 1000))
    assert await index.forget([USER]) == 1
    assert await index.devices({SHARD: [b"7"]}) == [None]
    await index.record(_report("tpns", HERE, moment - 500))
    assert await _found_at(index) == []
    later = PositionIndex(redis, LANES, clock_ms=lambda: now_ms() + 1000)
    await later.record(_report("tpns", THERE, now_ms() + 900))
    assert await _found_at(index) == [("tpns", "there")]
    assert 0 < await redis.pttl(keys.forgotten(SHARD)) <= FORGOTTEN_KEPT_MS


async def test_a_user_who_just_changed_lanes_is_left_for_the_next_sweep(redis: aioredis.Redis) -> None:
    """The former lane may still notify them; a minute later the ledger is complete, and they are found."""
    moment = now_ms()
    index = PositionIndex(redis, LANES)
    await index.record(_report("tpns", HERE, moment - 2))
    await index.record(_report("other", HERE, moment - 1))
    assert [found.users async for found in index.stream("other", AREAS[0], [SHARD])] == [[]]
    assert await _found_at(index) == [("other", "here")]
    later = PositionIndex(redis, LANES, clock_ms=lambda: moment + MOVED_KEPT_MS + 1000)
    assert [found.users async for found in later.stream("other", AREAS[0], [SHARD])] == [[b"7"]]


async def test_users_in_the_lane_are_distinguished_from_others(redis: aioredis.Redis) -> None:
    """Among many users in many shards, those in the lane are found, in either generation."""
    index = PositionIndex(redis, LANES)
    moment = now_ms()
    users = list(range(1, 101))
    last_week = max(moment - WEEK_MS, index.generations.oldest_ms(moment))
    ats = [moment if user % 2 else last_week for user in users]
    await index.record(Positions("tpns", users, [114.0] * 100, [22.0] * 100, ats))
    await index.forget([10, 20])
    await index.record(Positions("other", [30], [114.0], [22.0], [moment]))
    there = await index.present("tpns", np.array(users))
    assert [user for user, still in zip(users, there.tolist(), strict=True) if not still] == [10, 20, 30]


async def test_geohashes_are_read_as_redis_reads_them(redis: aioredis.Redis) -> None:
    """The centre of each cell, to the last digit that GEOPOS prints."""
    rng = np.random.default_rng(5)
    rows = zip(range(500), rng.uniform(-180, 180, 500).tolist(), rng.uniform(-85, 85, 500).tolist(), strict=True)
    for user, longitude, latitude in rows:
        await redis.geoadd("somewhere", (longitude, latitude, user))
    members = await _scored(redis, b"somewhere")
    longitudes, latitudes = places(np.array([score for _, score in members], dtype=np.int64))
    notified = np.array(await redis.geopos("somewhere", *(member for member, _ in members)))
    assert np.allclose(np.column_stack([longitudes, latitudes]), notified, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kept_ms", [WEEK_MS, 2000], ids=["a week", "two seconds"])
async def test_concurrent_reports_of_two_processes_leave_each_user_at_the_newest_position(
    stores: StoreUrls, redis: aioredis.Redis, kept_ms: int
) -> None:
    """Ten seconds of reports out of order, between lanes, generations and places; then every key is checked."""
    assert stores.redis is not None
    seconds = REPORTERS_S if kept_ms == WEEK_MS else REPORTERS_S // 5
    reporters = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.processes.position_reporter",
            stores.redis, str(number), str(seconds), str(USERS), str(kept_ms),
            cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    outputs = [(await reporter.communicate())[0] for reporter in reporters]
    assert [reporter.returncode for reporter in reporters] == [0] * PROCESSES
    newest = np.stack([np.frombuffer(output, dtype="<i8").reshape(USERS, 3) for output in outputs])
    winner = newest[np.argmax(newest[:, :, 0], axis=0), np.arange(USERS)]
    await _each_in_one_place(redis, winner, Generations(kept_ms))


async def _each_in_one_place(redis: aioredis.Redis, newest: NDArray[np.int64], generations: Generations) -> None:
    """Check every key: `newest` has (time in ms, lane, place) by user, from 1 on."""
    found: dict[int, list[tuple[str, int]]] = {}
    for name in cast("list[bytes]", await redis.keys("geo:*")):
        _, _, lane, generation = name.decode().split(":")
        members = await _scored(redis, name)
        longitudes, _ = places(np.array([score for _, score in members], dtype=np.int64))
        for (member, _), longitude in zip(members, longitudes.tolist(), strict=True):
            found.setdefault(int(member), []).append((f"{lane}:{generation}", round(longitude)))
    moment = now_ms()
    alive = [
        user for user in range(1, USERS + 1) if generations.of(int(newest[user - 1][0])) in generations.living(moment)
    ]
    assert len(alive) > USERS // 2 or generations.length_ms < WEEK_MS
    for user in alive:
        at_ms, lane, longitude = newest[user - 1].tolist()
        if generations.end_ms(generations.of(at_ms)) < moment + 1000:
            continue
        assert found.get(user) == [(f"{LANES[lane]}:{generations.of(at_ms)}", longitude)]
    assert all(len(where) == 1 for where in found.values())


@pytest.mark.parametrize("behind", [0, 1], ids=["a millisecond", "a generation"])
async def test_a_process_that_does_not_know_of_the_present_generation_leaves_each_user_in_one_place(
    redis: aioredis.Redis, behind: int
) -> None:
    """Another process has begun it: whom a slow clock reports or forgets is looked for there, too."""
    seconds, microseconds = await redis.time()
    moment = int(seconds) * 1000 + int(microseconds) // 1000
    # Long ones, and by the clock of Redis now is the middle of the third.
    generations = Generations(moment * 2 // 5)
    begins = generations.of(moment) * generations.length_ms
    clock_ms = begins - 1 - behind * generations.length_ms
    known = PositionIndex(redis, LANES, generations, clock_ms=lambda: moment)
    slow = PositionIndex(redis, LANES, generations, clock_ms=lambda: clock_ms)
    assert await known.record(_report("tpns", HERE, moment)) == 1
    assert await slow.record(_report("tpns", THERE, begins - 1)) == 0
    assert (await slow.record_from(_report("other", THERE, begins - 1))).tolist() == [UNCHANGED]
    present = [keys.positions(SHARD, "tpns", generations.of(moment))]
    assert await _keys_of_user(redis) == present
    assert (await slow.record_from(_report("tpns", THERE, moment + 1))).tolist() == [NOT_KNOWN]
    assert await _keys_of_user(redis) == present
    assert await slow.forget_again([(USER, 1)]) == 0, "reported since"
    assert await slow.forget([USER]) == 1
    assert await _keys_of_user(redis) == []


async def test_who_reported_again_stays_whatever_the_clock_of_redis_says(redis: aioredis.Redis) -> None:
    """Reports have the record's time: by a Redis that is twenty minutes behind, a new one is a report."""
    ahead_ms = now_ms() + BEHIND_MS
    index = PositionIndex(redis, LANES, clock_ms=lambda: ahead_ms)
    assert await index.record(_report("tpns", HERE, ahead_ms)) == 1
    assert await index.forget_again([(USER, ahead_ms - 1)]) == 0
    assert await _found_at(index) == [("tpns", "here")]
    assert await index.forget_again([(USER, ahead_ms)]) == 1
    assert await _found_at(index) == []


async def _keys_of_user(redis: aioredis.Redis) -> list[str]:
    names = [name.decode() for name in cast("list[bytes]", await redis.keys("geo:*"))]
    return [name for name in sorted(names) if await redis.zscore(name, str(USER)) is not None]


async def test_members_found_long_ago_are_checked_against_the_index(redis: aioredis.Redis) -> None:
    """The age counts from the search of a user's shard, not from when the queue had room."""
    listener = Forgetting(redis)
    now_s = asyncio.get_running_loop().time()
    assert listener.must_look(now_s), "nothing was read yet"
    packer = Packer(cast("HeldUnit", SimpleNamespace(message=None, languages=Languages(Content(texts={}), "alert"))), 3)
    users = np.array([1, 2, 3, 4])
    first = packer.add([b"1", b"2"], users[:2], now_s - 100)
    full = packer.add([b"3", b"4"], users[2:], now_s)
    assert first == []
    assert [batch.found_s for batch in [*full, *packer.rest()]] == [now_s - 100, now_s]


async def test_a_report_says_where_its_user_was_before_in_the_same_lane(redis: aioredis.Redis) -> None:
    """Unknown for the first one, after a change of lanes, and for one sent again; across generations all the same."""
    clock = SimpleNamespace(now=WEEK_MS * 3000 - DAY_MS)
    index = PositionIndex(redis, LANES, clock_ms=lambda: clock.now)

    async def before(lane: str, place: tuple[float, float], at_ms: int) -> tuple[float, float] | int:
        (found,) = (await index.record_from(_report(lane, place, at_ms))).tolist()
        if found < 0:
            return int(found)
        longitude, latitude = places(np.array([found]))
        return round(float(longitude[0]), 3), round(float(latitude[0]), 3)

    start = clock.now
    assert await before("tpns", HERE, start - 1000) == NOT_KNOWN
    assert await before("tpns", HERE, start - 1000) == NOT_KNOWN, "sent again, its answer may have been lost"
    assert await before("tpns", THERE, start - 2000) == UNCHANGED
    assert await before("tpns", THERE, start) == HERE
    clock.now += 2 * DAY_MS
    assert await before("tpns", HERE, clock.now) == THERE, "it stands in the generation before"
    clock.now += 1000
    assert await before("other", THERE, clock.now) == NOT_KNOWN
    clock.now += AGAIN_MS
    assert await before("other", THERE, clock.now - AGAIN_MS) == UNCHANGED, "nobody sends it again after so long"


async def test_many_reports_have_their_places_before_in_their_order(redis: aioredis.Redis) -> None:
    """Over all shards, and in calls of a thousand."""
    index = PositionIndex(redis, LANES)
    rng = np.random.default_rng(5)
    users = rng.permutation(np.arange(1, 5001)).tolist()
    columns = rng.uniform(-170, 170, 5000), rng.uniform(-80, 80, 5000)
    at = now_ms()
    first = Positions("tpns", users, columns[0].tolist(), columns[1].tolist(), [at - 10] * 5000)
    assert (await index.record_from(first) == NOT_KNOWN).all()
    again = Positions("tpns", users[::-1], [0.5] * 5000, [0.5] * 5000, [at] * 5000)
    longitudes, latitudes = places(await index.record_from(again))
    assert np.allclose(longitudes, columns[0][::-1], atol=1e-5)
    assert np.allclose(latitudes, columns[1][::-1], atol=1e-5)
    hashes, movers = await index.standing("tpns", np.array(users[:100]))
    assert np.allclose(places(hashes)[0], 0.5, atol=1e-5)
    assert not movers.any()
