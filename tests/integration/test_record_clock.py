"""The record's clock decides, whatever that of the machine says: how long a message is kept, night, and reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
from msgspec import json
from msgspec.structs import replace

from geo.index.devices import address
from geo.index.forgetting import Forgetting
from geo.index.locales import NonDefaultLocales
from geo.index.position_index import PositionIndex
from geo.index.preferences.mirror import Entry
from geo.index.reports import Positions
from push.delivery.addresses import Addresses
from push.fanout.claims.claims import Claims
from push.fanout.claims.unit import Batch, HeldUnit
from push.message.content import Content, Text, left_s
from push.message.preferences import Preferences, QuietHours, written
from push.message.sound import Sound
from push.provider import Addressing
from push.results import RecipientStatus, RequestStatus, SendResult
from runtime.clock import ComparedClock, now, wall_s
from tests.support.unit_rows import unit_row

if TYPE_CHECKING:
    from redis import asyncio as aioredis

    from sql.database import Pool

CONTENT: Final = Content(texts={"zh-CN": Text("寻人", "小明，6岁。", "请联系福田分局：110")})
MINUTES: Final = pytest.mark.parametrize("ahead_s", [660, -660])
"""By so much this machine is ahead of the record: eleven minutes, or minus eleven."""

CAP_S: Final = 3600


def _clock(ahead_s: float) -> ComparedClock:
    clock = ComparedClock()
    clock.compare(wall_s() - ahead_s)
    return clock


@MINUTES
async def test_a_message_is_kept_until_it_expires_by_the_records_clock(ahead_s: int) -> None:
    """Ten minutes before the expiry: kept for about ten, not for none and not for twenty."""
    expires = now() - timedelta(seconds=ahead_s) + timedelta(minutes=10)
    row = replace(unit_row(), content=json.encode(CONTENT).decode(), expires=expires)
    clock = _clock(ahead_s)
    unit = HeldUnit(row, 0.0, wall_s(), 3600.0, clock=clock.now)
    assert left_s(unit.message("zh-CN"), CAP_S) in {540, 600}
    again = HeldUnit(row, 1.0, wall_s(), 3600.0, clock=clock.now)
    assert hash(again.message("zh-CN")) == hash(unit.message("zh-CN")), "one rendering serves both"
    assert again.message("zh-CN") == unit.message("zh-CN")


@MINUTES
async def test_night_is_by_the_records_clock(pool: Pool, ahead_s: int) -> None:
    """A night that begins five minutes from now, or began five minutes ago: a machine that is off does not shift it."""
    there = now() - timedelta(seconds=ahead_s)
    for is_night in (True, False):
        begins = there - timedelta(minutes=5) if is_night else there + timedelta(minutes=5)
        ends = begins + timedelta(hours=1)
        sound = Sound(time_zone="UTC", night_from=f"{begins:%H:%M}", night_until=f"{ends:%H:%M}", night_rings=0)
        silent, _ = Claims(pool, 60.0, sound, clock=_clock(ahead_s)).sound_of(replace(unit_row(), nearness=1))
        assert silent is is_night


@MINUTES
async def test_quiet_hours_and_reports_are_by_the_records_clock(redis: aioredis.Redis, ahead_s: int) -> None:
    """Who is in quiet hours is silent by it; a token that is dead is so since it was read, by the clock of reports."""
    there_ms = int((wall_s() - ahead_s) * 1000)
    index = PositionIndex(redis, ["tpns"], clock_ms=lambda: there_ms)
    await index.record(Positions("tpns", [1, 2], [114.0] * 2, [22.5] * 2, [there_ms] * 2, [address("", "t")] * 2))
    there = datetime.fromtimestamp(there_ms / 1000, UTC)
    entries = [
        Entry(user, 1, written(Preferences(quiet_hours=_quiet(there + timedelta(minutes=begins)))).encode())
        for user, begins in ((1, -5), (2, 5))
    ]
    await index.preferences.put(entries)
    addresses = Addresses(
        "tpns",
        Addressing.DEVICES,
        index=index,
        forgetting=Forgetting(redis),
        non_default_locales=NonDefaultLocales(redis),
    )
    unit = HeldUnit(replace(unit_row(), content=json.encode(CONTENT).decode()), 0.0, wall_s(), 3600.0)
    users = np.array([1, 2], dtype=np.int64)
    addressed = await addresses.of(Batch(unit, [b"1", b"2"], users))
    assert addressed is not None
    assert [(silent, [*rows]) for _, silent, rows in addressed.by_message(10)] == [(False, [1]), (True, [0])]
    result = SendResult(RequestStatus.ANSWERED, "", [RecipientStatus.INVALID] * 2)
    _, _, dead = addressed.judged(users, result)
    assert [one.since_ms for one in dead] == [there_ms] * 2
    assert await index.drop("tpns", dead) == 2


def _quiet(begins: datetime) -> QuietHours:
    return QuietHours(begins=f"{begins:%H:%M}", until=f"{begins + timedelta(hours=1):%H:%M}", time_zone="UTC")
