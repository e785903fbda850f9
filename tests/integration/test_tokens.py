"""Tokens in the index: kept with the device, read right before a send, removed only if no report came since."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from geo.connection import connect
from geo.index.devices import DeadToken, Device, Devices, address, device_from, devices_from
from geo.index.locales import NonDefaultLocales
from geo.index.position_index import PositionIndex
from geo.index.reports import Positions, now_ms
from handlers.platform.reports import Reports, Unreadable, decode
from push.delivery.invalid_tokens import InvalidTokens
from push.providers import apns
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from redis import asyncio as aioredis

    from tests.support.processes.deployment import Deployment

LANES = {"tpns": None, "apns": apns.read_token}
USERS = np.array([11, 12, 13], dtype=np.int64)


def _index(redis: aioredis.Redis) -> PositionIndex:
    return PositionIndex(redis, tuple(LANES))


async def _report(index: PositionIndex, token: str | None, at_ms: int, lane: str = "apns", locale: str = "en") -> None:
    addresses = [address(locale, token)] * len(USERS)
    there = [114.0] * len(USERS), [22.5] * len(USERS)
    await index.record(Positions(lane, USERS.tolist(), *there, [at_ms] * len(USERS), addresses))


@pytest.mark.parametrize("locale", ["zh-CN", "en", "zh-Hant-TW"])
@pytest.mark.parametrize("token", [None, "abc", "a:b/c=", "x" * 4096])
def test_a_device_record_holds_the_reported_locale_and_token(locale: str, token: str | None) -> None:
    """Both are read back; the default locale without a token takes no byte."""
    written = address(locale, token)
    device = Device(locale, (token or "").encode())
    assert device_from(written) == device
    usual = Device("zh-CN", b"usual")
    if written:
        head = b"123456apns"
        found = devices_from([head + address("zh-CN", "usual"), head + written, None], "apns")
        assert found == Devices([usual.token, device.token, None], {} if locale == usual.locale else {1: locale})
        assert found.kept([False, True, False]) == Devices([device.token], {0: locale} if found.locales else {})
    assert (written == b"") == (locale == "zh-CN" and token is None)


async def test_the_newest_report_decides_how_a_user_is_reached(redis: aioredis.Redis) -> None:
    """A newer token replaces the older one, an older report changes nothing, and another lane has its own."""
    index, moment = _index(redis), now_ms()
    await _report(index, "first", moment - 2000)
    await _report(index, "second", moment - 1000)
    await _report(index, "third", moment - 3000)
    found = await index.reached_at("apns", USERS)
    assert found == Devices([b"second"] * 3, dict.fromkeys(range(3), "en"))
    assert (await index.reached_at("tpns", USERS)).tokens == [None] * 3
    await _report(index, None, moment, lane="tpns", locale="zh-CN")
    assert (await index.reached_at("apns", USERS)).tokens == [None] * 3
    assert await index.reached_at("apns", np.empty(0, dtype=np.int64)) == Devices([], {})


async def test_accounts_are_notified_in_their_language(deployment: Deployment) -> None:
    """TPNS knows no locales: a user who reported `en` gets English, all others Chinese; looked up only if needed."""
    await deployment.provider()
    devices = [
        {"user": user, "lane": "tpns", "longitude": 114.05, "latitude": 22.54, "at": now, "locale": locale}
        for now in [datetime.now(UTC).isoformat()]
        for user, locale in [*((user, "zh-CN") for user in range(1, 300)), *((user, "en") for user in range(300, 320))]
    ]
    server = await deployment.server()
    async with deployment.session() as session:
        await session.post(f"{server.url}/v1/devices", json=devices)
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    counts = await deployment.counts()
    notified = {"en" if "Missing" in title else "zh-CN": number for title, number in counts["titles"].items()}
    assert notified == {"en": 20, "zh-CN": 299}
    assert (counts["distinct"], counts["duplicates"]) == (319, 0)
    redis = connect(deployment.redis_url)
    assert [await NonDefaultLocales(redis).among(np.array(part)) for part in ([1], [*range(300, 320)])] == [False, True]
    await redis.aclose()


async def test_an_invalid_token_is_removed_unless_it_was_reported_again(redis: aioredis.Redis) -> None:
    """Removed with its position; reported after the provider's moment, with another token, or unknown: kept."""
    index, moment = _index(redis), now_ms()
    await _report(index, "token", moment - 1000)
    dead = [
        DeadToken(11, b"token", moment - 1000),
        DeadToken(12, b"token", moment - 1001),
        DeadToken(13, b"other", moment),
        DeadToken(14, b"token", moment),
    ]
    assert await index.drop("tpns", dead) == 0, "of another lane"
    assert await index.drop("apns", dead) == 1
    assert [token is not None for token in (await index.reached_at("apns", USERS)).tokens] == [False, True, True]
    assert (await index.present("apns", USERS)).tolist() == [False, True, True]


async def test_token_lanes_require_tokens_and_account_lanes_refuse_them(redis: aioredis.Redis) -> None:
    """A bad report does not affect the good ones; a malformed token is refused."""
    index = _index(redis)
    report = {"longitude": 114.0, "latitude": 22.5, "at": "2026-11-24T00:00:00Z", "user": 11}
    rows = [
        {**report, "lane": "apns", "token": "ab" * 32, "at": _now()},
        {**report, "lane": "apns", "at": _now()},
        {**report, "lane": "tpns", "token": "ab" * 32, "at": _now()},
        {**report, "lane": "apns", "token": 'a"b c', "at": _now()},
    ]
    decoded = decode(msgspec.json.encode(rows), "application/json")
    assert not isinstance(decoded, Unreadable)
    taken = await Reports(index, LANES, index.record).take(*decoded)
    assert (taken.accepted, [one.index for one in taken.rejected]) == (1, [1, 2, 3])
    assert (await index.reached_at("apns", USERS)).tokens == [b"ab" * 32, None, None]


def _now() -> str:
    return datetime.now(UTC).isoformat()


async def _nobody() -> int:
    return 0


async def test_tokens_are_not_removed_while_too_few_answers_are_known(redis: aioredis.Redis) -> None:
    """A pause of the lane proves nothing: few answers, almost all of them invalid, remove nobody."""
    index = _index(redis)
    tokens = InvalidTokens("apns", index, share_max=0.05, count_min=1000, stop=lambda _: None, reopen=_nobody)
    tokens.observe(100, 99, [DeadToken(user, b"t", 1) for user in range(99)])
    looks = asyncio.create_task(tokens.run())
    # A second lane, with one bad token in a hundred, shows that there was time enough.
    others = InvalidTokens("apns", index, share_max=0.05, count_min=1000, stop=lambda _: None, reopen=_nobody)
    moment = now_ms()
    await _report(index, "token", moment)
    others.observe(100, 1, [DeadToken(11, b"token", moment)])
    removing = asyncio.create_task(others.run())

    async def removed() -> bool:
        return others.removed == 1

    await until(removed)
    assert (tokens.removed, tokens.tripped) == (0, False)
    for task in (looks, removing):
        task.cancel()


async def test_what_is_answered_after_a_lane_was_stopped_removes_nobody_when_it_starts_again(
    redis: aioredis.Redis,
) -> None:
    """The tokens that came back invalid meanwhile are as good as those that stopped it: our settings were at fault."""
    index, moment = _index(redis), now_ms()
    await _report(index, "token", moment)
    started = asyncio.Event()
    tokens = InvalidTokens(
        "apns", index, share_max=0.05, count_min=200, stop=lambda _: None, reopen=_nobody, start=started.set
    )
    tokens.observe(200, 200, [])
    assert tokens.tripped
    tokens.observe(1, 1, [DeadToken(11, b"token", moment)])
    task = asyncio.create_task(tokens.run())
    tokens.restart()
    await started.wait()
    # A second one, found dead since, shows that there was time enough to remove the first.
    tokens.observe(200, 1, [DeadToken(12, b"token", moment)])

    async def has_token(user: int) -> bool:
        return (await index.reached_at("apns", np.array([user]))).tokens != [None]

    async def is_removed() -> bool:
        return not await has_token(12)

    await until(is_removed)
    task.cancel()
    assert await has_token(11)


@pytest.mark.parametrize(("every", "stops"), [(100, False), (5, True)], ids=["1% invalid", "20% invalid"])
async def test_few_invalid_tokens_are_removed_and_many_stop_the_lane(
    redis: aioredis.Redis, every: int, *, stops: bool
) -> None:
    """1%: each of them is removed from the index. 20%: the lane stops, and none is removed."""
    index, moment, reasons = _index(redis), now_ms(), list[str]()
    users = list(range(1, 3001))
    there = [114.0] * len(users), [22.5] * len(users)
    addresses = [address("zh-CN", f"t{user}") for user in users]
    await index.record(Positions("apns", users, *there, [moment] * len(users), addresses))
    tokens = InvalidTokens("apns", index, share_max=0.05, count_min=200, stop=reasons.append, reopen=_nobody)
    dead = [DeadToken(user, f"t{user}".encode(), moment) for user in users if user % every == 0]
    task = asyncio.create_task(tokens.run())
    for start in range(0, len(users), 100):
        some = [one for one in dead if start < one.user <= start + 100]
        tokens.observe(100, len(some), some)

    async def through() -> bool:
        return tokens.tripped or tokens.removed == len(dead)

    await until(through)
    task.cancel()
    left = sum(token is not None for token in (await index.reached_at("apns", np.array(users))).tokens)
    assert tokens.tripped is stops
    assert len(reasons) == int(stops)
    assert left == (len(users) if stops else len(users) - len(dead))
