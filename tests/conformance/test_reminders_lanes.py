"""All nine lanes remind with a sound of what came without one, in the language in which it came first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

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
from push.delivery.recording.rows import rows_of
from push.discovery import open_gateway, providers
from push.fanout.claims.unit import Batch, HeldUnit
from push.fanout.packing import unpack
from push.message.content import Content, Text
from push.message.preferences import Preferences, written
from push.message.sound import Morning
from push.provider import Addressing
from push.results import Outcome, RequestStatus
from runtime.clock import wall_s
from tests.conformance.test_rendering import READ, RINGS, SAID
from tests.support.providers.clearances import TESTING
from tests.support.providers.recording import UNAVAILABLE, lane_of
from tests.support.unit_rows import unit_row

if TYPE_CHECKING:
    from pathlib import Path

    from redis import asyncio as aioredis

    from sql.ledger import LedgerRow

MORNING: Final = Morning(-2000, datetime(2026, 11, 29, 23, 0, tzinfo=UTC))
TITLES: Final = {"zh-CN": "寻人启事", "en": "Missing child", "es": "Menor desaparecido"}
CONTENT: Final = Content(texts={locale: Text(title, "小明，6岁。", "110") for locale, title in TITLES.items()})
LOCALES: Final = ("zh-CN", "en", "es") * 3
SOUNDLESS: Final = 3
"""The place of the user who wants no sound at any time."""

OFF: Final = 4
"""The place of the user who turns alerts off before the morning."""

USERS: Final = np.arange(10_000_001, 10_000_001 + len(LOCALES), dtype=np.int64)


class Sent(NamedTuple):
    """What a provider got: by user, whether it made a sound, and the title; and the ledger's rows."""

    sounds: dict[int, bool]
    titles: dict[int, str]
    rows: list[LedgerRow]


@pytest.mark.parametrize("name", providers())
async def test_a_reminder_has_the_sound_that_the_night_took_away(
    redis: aioredis.Redis, tmp_path: Path, name: str
) -> None:
    """At night a silent message, in the morning the same text with a sound.

    Phones that read another language since are reminded in the first one; not who wants no sound, nor who wants no
    alerts by then.
    """
    index = PositionIndex(redis, ("tpns", name) if name != "tpns" else ("tpns",))
    async with lane_of(name, tmp_path) as lane:
        await _report(index, name, lane, LOCALES)
        await index.preferences.put([Entry(int(USERS[SOUNDLESS]), 1, written(Preferences(silent=True)).encode())])
        row = replace(unit_row(), lane=name, content=msgspec.json.encode(CONTENT).decode())
        unit = HeldUnit(row, 0.0, wall_s(), 3600.0, silent=True, morning=MORNING)
        night = await _sent(redis, index, lane, Batch(unit, [b"%d" % user for user in USERS.tolist()], USERS))
        expected = {int(user): TITLES[locale] for user, locale in zip(USERS, LOCALES, strict=True)}
        assert night.titles == expected
        assert not any(night.sounds.values())
        reminded = [row for row in night.rows if row.reminding is not None]
        assert {(one.reminding.morning, one.reminding.due_at) for one in reminded if one.reminding} == {MORNING}
        assert {int(user) for one in reminded for user in unpack(one.packed)} == {*USERS.tolist()} - {USERS[SOUNDLESS]}

        await _report(index, name, lane, LOCALES[::-1])
        await index.preferences.put([Entry(int(USERS[OFF]), 1, written(Preferences(off=True)).encode())])
        unit = HeldUnit(replace(row, notice="reminder", ring=0), 0.0, wall_s(), 3600.0, silent=False)
        users = unit.languages.note_first([(one.locale, unpack(one.packed)) for one in reminded])
        batch = Batch(unit, [b"%d" % user for user in users.tolist()], users, languages=unit.languages.first_of(users))
        morning = await _sent(redis, index, lane, batch)
        for place in (SOUNDLESS, OFF):
            del expected[int(USERS[place])]
        assert morning.titles == expected
        assert all(morning.sounds.values())
        assert {one.reminding for one in morning.rows} == {None}
        assert {one.notice for one in morning.rows} == {"reminder"}


async def _report(index: PositionIndex, name: str, lane: Any, locales: tuple[str, ...]) -> None:  # noqa: ANN401 - a lane
    by_token = providers()[name].addressing is Addressing.DEVICES
    tokens = [lane.token(user) if by_token else None for user in USERS.tolist()]
    addresses = [address(locale, token) for locale, token in zip(locales, tokens, strict=True)]
    places = [114.0] * USERS.size, [22.5] * USERS.size, [now_ms()] * USERS.size
    await index.record(Positions(name, USERS.tolist(), *places, addresses))


async def _sent(redis: aioredis.Redis, index: PositionIndex, lane: Any, batch: Batch) -> Sent:  # noqa: ANN401 - a lane
    """Send a batch as a worker does, and settle it as accepted."""
    name = batch.unit.row.lane
    provider = providers()[name]
    addresses = Addresses(
        name,
        provider.addressing,
        index=index,
        forgetting=Forgetting(redis),
        non_default_locales=NonDefaultLocales(redis),
    )
    gateway, sounds, titles = open_gateway(provider, lane.settings, UNAVAILABLE), dict[int, bool](), dict[int, str]()
    addressed = await addresses.of(batch)
    assert addressed is not None
    for locale, silent, rows in addressed.by_message(batch.size):
        before = len(lane.bodies)
        answer = await gateway.send(batch.unit.message(locale, silent=silent), addressed.chosen(rows), TESTING)
        assert answer.request_status is RequestStatus.ANSWERED
        shown = READ[name](lane.bodies[before])
        assert RINGS[name](shown) in SAID[name]
        text = msgspec.json.encode(shown).decode()
        [title] = [one for one in TITLES.values() if one in text]
        for user in batch.users[[*rows]].tolist():
            sounds[user], titles[user] = RINGS[name](shown) == SAID[name][0], title
    await gateway.close()
    return Sent(sounds, titles, rows_of(batch, {Outcome.ACCEPTED: None}, name))
