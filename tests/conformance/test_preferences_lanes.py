"""All nine lanes honour what users prefer: who is off gets nothing, and who wants no sound gets a silent message."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from geo.index.devices import address
from geo.index.forgetting import Forgetting
from geo.index.locales import NonDefaultLocales
from geo.index.position_index import PositionIndex
from geo.index.preferences.mirror import Entry
from geo.index.reports import Positions, now_ms
from push.delivery.addresses import Addresses
from push.discovery import open_gateway, providers
from push.fanout.claims.unit import Batch, HeldUnit
from push.message.content import Content, Text
from push.message.preferences import Preferences, QuietHours, written
from push.provider import Addressing
from push.results import RecipientStatus, RequestStatus
from runtime.clock import wall_s
from tests.conformance.test_rendering import READ, RINGS, SAID
from tests.support.providers.batch_lanes import HonorLane, HuaweiBatchLane, OppoLane, VivoLane, XiaomiLane
from tests.support.providers.clearances import TESTING
from tests.support.providers.lanes import ApnsLane, DeviceLane, FcmLane, WebpushLane
from tests.support.providers.recording import UNAVAILABLE, lane_of
from tests.support.unit_rows import unit_row

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from redis import asyncio as aioredis

    from tests.support.processes.deployment import Deployment

PEOPLE: Final = 300
ONE_LANE: Final = 100_000_000
ONE_RING: Final = {"QQ_ALERT_POLICIES__ONE__RINGS": "[{radius_km = 120}]", "QQ_ALERT_ALERT__POLICY": "one"}
CONTENT: Final = Content(texts={"zh-CN": Text("寻人", "小明，6岁。", "请联系福田分局：110")})
TOKEN_LANES: Final = {"apns", "fcm", "webpush"}
"""A request a device: the body names nobody there, so that the order of the requests tells whose it is."""


async def test_every_lane_leaves_out_who_is_off_or_wants_no_such_alert(deployment: Deployment) -> None:
    """One alert in nine lanes: a third is off, a third takes alerts about other people only, the others are reached."""
    await deployment.provider()
    async with AsyncExitStack() as stack:
        lanes: list[DeviceLane] = [
            await stack.enter_async_context(kind(deployment).serving())
            for kind in (HuaweiBatchLane, XiaomiLane, VivoLane, OppoLane, HonorLane)
        ]
        for kind in (ApnsLane, FcmLane, WebpushLane):
            lanes.append(kind(deployment))
            await lanes[-1].start()
        people = {lane.name: await lane.people(PEOPLE, first=ONE_LANE * (row + 1)) for row, lane in enumerate(lanes)}
        people["tpns"] = await deployment.people(1000)
        assert people.keys() == providers().keys()
        server = await deployment.server(
            **ONE_RING, **{name: value for lane in lanes for name, value in lane.env().items()}
        )
        everybody = np.concatenate([*people.values()])
        rows: list[dict[str, Any]] = [
            *({"user": user, "off": True} for user in everybody[::3].tolist()),
            *({"user": user, "kinds": ["dementia", "disability"]} for user in everybody[1::3].tolist()),
        ]
        assert await deployment.post(f"{server.url}/v1/preferences", rows) == (
            200,
            {"accepted": len(rows), "rejected": []},
        )
        _, answer = await deployment.file(server)
        await deployment.sent(server, answer["alert"]["id"])
        wanted = everybody[2::3]
        for lane in lanes:
            expected = np.intersect1d(people[lane.name], wanted)
            assert expected.size, lane.name
            assert np.array_equal(await lane.reached(), expected), lane.name
        assert np.array_equal(await deployment.reached(), np.intersect1d(people["tpns"], wanted))


def _hours(now: datetime, begins_h: int, ends_h: int, time_zone: str) -> QuietHours:
    clocks = [(now + timedelta(hours=hours)).astimezone(ZoneInfo(time_zone)) for hours in (begins_h, ends_h)]
    return QuietHours(begins=f"{clocks[0]:%H:%M}", until=f"{clocks[1]:%H:%M}", time_zone=time_zone)


def _preferred(now: datetime) -> list[tuple[Preferences | None, bool | None]]:
    """Return what each of some users prefers, and whether the message is silent; None: there is none."""
    return [
        (None, False),
        (Preferences(off=True), None),
        (Preferences(silent=True), True),
        (Preferences(quiet_hours=_hours(now, -2, 2, "Asia/Shanghai")), True),
        (Preferences(quiet_hours=_hours(now, -2, 2, "America/New_York")), True),
        (Preferences(quiet_hours=_hours(now, 2, 4, "Asia/Shanghai")), False),
        (Preferences(kinds=("found",)), None),
        (Preferences(kinds=("child", "alert"), volunteer=True), False),
    ]


@pytest.mark.parametrize("name", providers())
async def test_who_wants_no_sound_gets_what_the_provider_calls_silent(
    redis: aioredis.Redis, tmp_path: Path, name: str
) -> None:
    """One batch becomes a request with a sound and one without; each user is in one of them, or in none."""
    preferred = _preferred(datetime.now(UTC))
    users = np.arange(10_000_001, 10_000_001 + len(preferred), dtype=np.int64)
    index = PositionIndex(redis, ("tpns", name) if name != "tpns" else ("tpns",))
    async with lane_of(name, tmp_path) as lane:
        by_token = providers()[name].addressing is Addressing.DEVICES
        tokens = [lane.token(user) if by_token else None for user in users.tolist()]
        places = [114.0] * users.size, [22.5] * users.size, [now_ms()] * users.size
        addresses = [address("zh-CN", token) for token in tokens] if by_token else []
        await index.record(Positions(name, users.tolist(), *places, addresses))
        await index.preferences.put(
            [
                Entry(user, 1, written(one).encode())
                for user, (one, _) in zip(users.tolist(), preferred, strict=True)
                if one is not None
            ]
        )
        names = [str(user) if token is None else token for user, token in zip(users.tolist(), tokens, strict=True)]
        expected = {one: silent for one, (_, silent) in zip(names, preferred, strict=True) if silent is not None}
        assert await _sent(redis, index, name, users, lane) == expected


async def _sent(
    redis: aioredis.Redis,
    index: PositionIndex,
    name: str,
    users: NDArray[np.int64],
    lane: Any,  # noqa: ANN401 - a lane
) -> dict[str, bool]:
    """Send one batch as a worker does; returns whom the provider was to reach, and whether silently."""
    provider = providers()[name]
    addresses = Addresses(
        name,
        provider.addressing,
        index=index,
        forgetting=Forgetting(redis),
        non_default_locales=NonDefaultLocales(redis),
    )
    row = replace(unit_row(), lane=name, content=msgspec.json.encode(CONTENT).decode())
    unit = HeldUnit(row, 0.0, wall_s(), 3600.0)
    batch = Batch(unit, [b"%d" % user for user in users.tolist()], users)
    gateway, found = open_gateway(provider, lane.settings, UNAVAILABLE), dict[str, bool]()
    addressed = await addresses.of(batch)
    assert addressed is not None
    for locale, silent, rows in addressed.by_message(users.size):
        before = len(lane.bodies)
        answer = await gateway.send(unit.message(locale, silent=silent), addressed.chosen(rows), TESTING)
        assert answer.request_status is RequestStatus.ANSWERED
        assert {*(answer.statuses or [RecipientStatus.ACCEPTED])} == {RecipientStatus.ACCEPTED}
        sound = RINGS[name](READ[name](lane.bodies[before]))
        assert sound in SAID[name]
        found |= {one.decode(): sound == SAID[name][1] for one in addressed.chosen(rows)}
        got = b"".join(lane.bodies[before:]).decode()
        named = name in TOKEN_LANES or all(one.decode() in got for one in addressed.chosen(rows))
        assert named, "the request names whom it is for"
    await gateway.close()
    assert addressed.opted_out == users.size - len(found)
    return found
