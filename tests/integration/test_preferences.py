"""Preferences: set, read and removed by the platform, kept by the record, honoured by what is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import pytest

from geo.index import keys
from geo.index.loss.epochs import Epochs, IndexEmptiedError
from geo.index.preferences.mirror import Entry, PreferenceMirror
from geo.index.shards import SHARDS, shard_of
from handlers.platform.preferences import PREFERENCES_MAX
from push.message.preferences import Preferences
from push.users.kept_preferences import KeptPreferences
from tests.support.alarms import alarms_of
from tests.support.processes.processes import until
from tests.support.providers.notified import FOUND, recording_tpns

if TYPE_CHECKING:
    from redis import asyncio as aioredis

    from sql.database import Pool
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

DEFAULTS: Final = {"off": False, "silent": False, "quiet_hours": None, "kinds": None, "volunteer": False}
QUIET: Final = {"from": "22:00", "until": "07:00", "time_zone": "Asia/Urumqi"}


async def put(deployment: Deployment, server: Process, user: int, **preferences: object) -> tuple[int, Any]:
    """Set what a user prefers; returns the status and the answer."""
    url = f"{server.url}/v1/users/{user}/preferences"
    async with deployment.session() as session, session.put(url, json=preferences) as response:
        return response.status, await response.json(content_type=None)


async def _read(deployment: Deployment, server: Process, user: int) -> Any:  # noqa: ANN401 - JSON
    return await deployment.get(f"{server.url}/v1/users/{user}/preferences")


async def _post(deployment: Deployment, server: Process, body: bytes, media: str) -> tuple[int, Any]:
    headers = {"Content-Type": media}
    async with (
        deployment.session() as session,
        session.post(f"{server.url}/v1/preferences", data=body, headers=headers) as response,
    ):
        return response.status, await response.json()


async def test_what_a_user_prefers_is_set_read_and_removed(deployment: Deployment, redis: aioredis.Redis) -> None:
    """Each PUT is the whole of it; one of the defaults leaves nothing; who never said so has the defaults."""
    server = await deployment.server()
    assert await _read(deployment, server, 7) == DEFAULTS
    whole = {"off": False, "silent": True, "quiet_hours": QUIET, "kinds": ["child", "found"], "volunteer": True}
    assert (await put(deployment, server, 7, **whole))[0] == 204
    assert await _read(deployment, server, 7) == whole
    assert (await put(deployment, server, 7, off=True))[0] == 204
    assert await _read(deployment, server, 7) == {**DEFAULTS, "off": True}
    assert (await put(deployment, server, 7, **DEFAULTS))[0] == 204
    assert await _read(deployment, server, 7) == DEFAULTS
    (entry,) = await redis.hmget(keys.preferences(shard_of(7)), ["7"])
    assert str(entry).endswith(" {}'")
    assert await deployment.query("select content from preference") == [("{}",)]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"off": "yes"}, "$.off"),
        ({"kinds": []}, "$.kinds"),
        ({"kinds": ["child", "cat"]}, "$.kinds[1]"),
        ({"quiet_hours": {"from": "9:00", "until": "10:00"}}, "$.quiet_hours.from"),
        ({"quiet_hours": {"from": "22:00", "until": "07:00", "time_zone": "Mars/Base"}}, "$.quiet_hours"),
        ({"quiet_hours": {"from": "22:00", "until": "22:00"}}, "$.quiet_hours"),
        ({"quiet_hours": {"from": "22:00"}}, "$.quiet_hours.until"),
        ({"loud": True}, "$.loud"),
    ],
)
async def test_preferences_that_cannot_be_meant_are_refused(
    deployment: Deployment, wrong: dict[str, object], path: str
) -> None:
    """422 with the field, and what stood before stands; users that are none are refused as everywhere."""
    server = await deployment.server()
    assert (await put(deployment, server, 7, silent=True))[0] == 204
    status, answer = await put(deployment, server, 7, **wrong)
    assert (status, answer["code"], [one["path"] for one in answer["errors"]]) == (422, "bad_fields", [path])
    assert await _read(deployment, server, 7) == {**DEFAULTS, "silent": True}
    assert (await put(deployment, server, 0, off=True))[0] == 422


async def test_many_are_set_at_once_and_a_bad_one_costs_no_other(deployment: Deployment) -> None:
    """As JSON, NDJSON and MessagePack; the last one of a user counts, and more than fit are refused."""
    server = await deployment.server()
    rows: list[dict[str, object]] = [
        {"user": 1, "off": True},
        {"user": 2, "quiet_hours": {"from": "22:00", "until": "22:00"}},
        {"user": 0, "off": True},
        {"user": 3, "kinds": ["child"]},
        {"user": 1, "silent": True},
    ]
    forms = {
        "application/json": msgspec.json.encode(rows),
        "application/x-ndjson": b"\n".join(map(msgspec.json.encode, rows)),
        "application/msgpack": msgspec.msgpack.encode(rows),
    }
    for media, body in forms.items():
        status, answer = await _post(deployment, server, body, media)
        assert (status, answer["accepted"], [one["index"] for one in answer["rejected"]]) == (200, 3, [1, 2])
        assert await _read(deployment, server, 1) == {**DEFAULTS, "silent": True}
        assert await _read(deployment, server, 2) == DEFAULTS
        assert await _read(deployment, server, 3) == {**DEFAULTS, "kinds": ["child"]}
    most = [{"user": user, "volunteer": True} for user in range(1, PREFERENCES_MAX + 1)]
    assert await _post(deployment, server, msgspec.json.encode(most), "application/json") == (
        200,
        {"accepted": PREFERENCES_MAX, "rejected": []},
    )
    most.append({"user": 10_001, "volunteer": True})
    assert (await _post(deployment, server, msgspec.json.encode(most), "application/json"))[0] == 413
    assert (await _post(deployment, server, b"{", "application/json"))[0] == 422


async def test_a_forgotten_user_has_no_preferences_anywhere(deployment: Deployment, redis: aioredis.Redis) -> None:
    """DELETE erases them in the record and in Redis; who comes back may say so anew at once, and it counts."""
    server = await deployment.server()
    for user in (7, 8):
        assert (await put(deployment, server, user, off=True))[0] == 204
    async with deployment.session() as session, session.delete(f"{server.url}/v1/users/7") as response:
        assert response.status == 204
    assert await _read(deployment, server, 7) == DEFAULTS
    assert await redis.hget(keys.preferences(shard_of(7)), "7") is None
    assert await deployment.query("select user_id from preference") == [(8,)]
    assert (await put(deployment, server, 7, silent=True))[0] == 204
    assert await redis.hget(keys.preferences(shard_of(7)), "7") is not None


async def test_nobody_is_told_against_a_preference_and_who_turns_alerts_on_again_is_told(
    deployment: Deployment,
) -> None:
    """Left out without an outcome or an alarm, counted apart; a report changes nothing; follow-ups honour it, too."""
    await deployment.provider()
    inside = (await deployment.people(2_000)).tolist()
    server = await deployment.server(QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S="1")
    off, others = inside[:300], inside[300:310]
    rows = [{"user": user, "off": True} for user in off] + [{"user": user, "kinds": ["dementia"]} for user in others]
    await _post(deployment, server, msgspec.json.encode(rows), "application/json")
    # A report from the same place is no reason to forget it, and who enters is left alone as well.
    await deployment.place(off[:5], 114.06, 22.55)
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    progress = await deployment.sent(server, alert)
    assert np.array_equal(await deployment.reached(), np.array(inside[310:]))
    lane = progress["lanes"]["tpns"]
    assert (lane["accepted"], lane["failed"]) == (len(inside) - 310, 0)

    async def are_counted() -> bool:
        # Each pass counts anew whom it leaves out, and one may be under way.
        shown = (await deployment.get(f"{server.url}/v1/alerts/{alert}"))["alert"]["lanes"]["tpns"]
        return bool(shown["opted_out"] == len(off) + len(others))

    await until(are_counted)
    # A busy machine may answer late; nothing is said of a lane or an alert.
    alarms = await alarms_of(deployment, server)
    assert {alarm["kind"] for alarm in alarms} <= {"store_away", "clock_differs"}
    async with deployment.session() as session, session.get(f"{server.url}/metrics") as response:
        lines = [line for line in (await response.text()).splitlines() if 'outcome="opted_out"' in line]
    assert lines, "they are counted"
    again = [{"user": user} for user in off[:100]]
    await _post(deployment, server, msgspec.json.encode(again), "application/json")
    expected = np.sort(np.array([*off[:100], *inside[310:]]))

    async def are_told() -> bool:
        return np.array_equal(await deployment.reached(), expected)

    await until(are_told)
    assert (await deployment.counts())["duplicates"] == 0


async def test_who_has_turned_alerts_off_hears_no_follow_up(deployment: Deployment) -> None:
    """Off stops all; who takes no `found` gets none, and everybody else who was told does."""
    async with recording_tpns(deployment) as provider:
        inside = (await deployment.people(500)).tolist()
        server = await deployment.server()
        _, answer = await deployment.file(server)
        await deployment.sent(server, answer["alert"]["id"])
        assert (await put(deployment, server, inside[0], off=True))[0] == 204
        assert (await put(deployment, server, inside[1], kinds=["alert", "cancel"]))[0] == 204
        assert (await put(deployment, server, inside[2], kinds=["child", "found"]))[0] == 204
        why = {"reason": "找到了", "case_number": answer["alert"]["case_number"], "through_alert": False}
        status, _ = await deployment.post(f"{server.url}/v1/alerts/{answer['alert']['id']}/found", why)
        assert status == 200

        async def heard() -> bool:
            return provider.notified.of(FOUND).size >= len(inside) - 2

        await until(heard)
        assert np.array_equal(provider.notified.of(FOUND), np.array(inside[2:]))


async def test_estimates_leave_out_who_wants_no_alert(deployment: Deployment) -> None:
    """Of a sample of all shards half are off: half are estimated."""
    await deployment.provider()
    inside = (await deployment.people(20_000)).tolist()
    server = await deployment.server()
    asked = {"longitude": 114.0579, "latitude": 22.5431, "radius_km": 120}
    status, before = await deployment.post(f"{server.url}/v1/estimates", asked)
    assert status == 200
    rows = [{"user": user, "kinds": ["disability"]} for user in inside[::2]]
    for start in range(0, len(rows), PREFERENCES_MAX):
        await _post(deployment, server, msgspec.json.encode(rows[start : start + PREFERENCES_MAX]), "application/json")
    _, after = await deployment.post(f"{server.url}/v1/estimates", asked)
    assert 0.35 < after["estimate"]["people"] / before["estimate"]["people"] < 0.65


async def test_the_newer_preference_stays_whichever_reaches_redis_first(redis: aioredis.Redis, pool: Pool) -> None:
    """An older one that comes late changes nothing; nor does one of before DELETE."""
    epochs = Epochs(redis)
    epochs.known = await epochs.mark(range(SHARDS))
    mirror, users = PreferenceMirror(redis, epochs), np.array([7, 8, 9], dtype=np.int64)
    assert await mirror.of(users) == {}
    await mirror.put([Entry(7, 2_000, b'{"off":true}'), Entry(9, 2_000, b'{"silent":true}')])
    await mirror.put([Entry(7, 1_999, b"{}"), Entry(9, 1_000, b"")])
    assert await mirror.of(users) == {0: b'{"off":true}', 2: b'{"silent":true}'}
    await mirror.put([Entry(7, 2_000, b"")])
    assert await mirror.of(users) == {2: b'{"silent":true}'}
    now_us = int(datetime.now(UTC).timestamp() * 1_000_000)
    await redis.zadd(keys.forgotten(shard_of(8)), {"8": now_us // 1000})
    assert await mirror.put([Entry(8, now_us - 5_000_000, b'{"off":true}')]) == 1
    assert await mirror.put([Entry(8, now_us + 5_000_000, b'{"off":true}')]) == 0
    # A moment far ahead is nobody's of us: it keeps nothing out.
    await redis.hset(keys.preferences(shard_of(9)), "9", f"{now_us + 10**12} {{}}")
    await mirror.put([Entry(9, now_us, b'{"off":true}')])
    assert (await mirror.of(users))[2] == b'{"off":true}'


async def test_a_shard_that_lost_its_data_is_not_sent_to_before_it_is_restored(
    redis: aioredis.Redis, pool: Pool
) -> None:
    """No mark, or another one: no answer; restored from the record, page by page, it has all again."""
    epochs = Epochs(redis)
    epochs.known = await epochs.mark(range(SHARDS))
    mirror = PreferenceMirror(redis, epochs)
    kept, users = KeptPreferences(pool, mirror), np.arange(1, 12_001, dtype=np.int64)
    for start in range(0, 12_000, PREFERENCES_MAX):
        part = users[start : start + PREFERENCES_MAX].tolist()
        await kept.put(dict.fromkeys(part, Preferences(off=True)))
    assert len(await mirror.of(users)) == 12_000
    await redis.flushall()
    for one in (mirror, PreferenceMirror(redis, epochs)):
        with pytest.raises(IndexEmptiedError):
            await one.of(users)
    await kept.restore()
    epochs.known = await epochs.mark(range(SHARDS))
    assert len(await mirror.of(users)) == 12_000
    # Rows of users who went back to the defaults go, once no older state of Redis can bring back what was before.
    await kept.put(dict.fromkeys([1, 2], Preferences()))
    await kept.tidy(timedelta(days=1))
    assert await kept.read(1) == Preferences()
    await pool.execute("update preference set changed_at = changed_at - interval '2 days' where user_id = 1")
    await kept.tidy(timedelta(days=1))
    assert await pool.fetchval("select count(*) from preference where content = '{}'") == 1
