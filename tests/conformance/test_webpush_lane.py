"""Web Push from a case to a simulated push service, and the official client there: who is told, who is removed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import pywebpush

from geo.connection import connect
from geo.devices import address
from geo.index import PositionIndex
from geo.positions import Positions, now_ms
from server.simulated.webpush import subscription
from tests.lanes import WebpushLane
from tests.processes import until

if TYPE_CHECKING:
    from tests.processes import Bench

PEOPLE = 300


async def test_the_official_client_is_taken_and_hears_of_dead_subscriptions(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client pywebpush as it is, but for the address and whose certificates count."""
    lane = WebpushLane(bench)
    await lane.start("--invalid-rate", "0.5")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", lane.certificate)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def push(user: int) -> int:
        try:
            answer = pywebpush.webpush(
                msgspec.json.decode(lane.token_of(user)),
                data="a text",
                vapid_private_key=str(bench.folder / "vapid.pem"),
                vapid_claims={"sub": "mailto:alerts@police.example"},
                ttl=60,
                timeout=10,
            )
        except pywebpush.WebPushException as error:
            return int(error.status_code)
        return int(answer.status_code)

    statuses = {user: await asyncio.to_thread(push, user) for user in range(1, 11)}
    assert set(statuses.values()) == {201, 410}
    assert (await lane.reached()).tolist() == [user for user, status in statuses.items() if status == 201]
    assert not (await lane.counts())["refused_requests"]


@pytest.mark.parametrize(
    "options",
    [(), ("--error-rate", "0.2"), ("--rate-limit", "100")],
    ids=["calm", "errors of every kind", "limited"],
)
async def test_everybody_is_told_once(bench: Bench, options: tuple[str, ...]) -> None:
    """The whole way: from a case to what the push service counted."""
    lane = WebpushLane(bench)
    await lane.start(*options)
    people = await lane.people(PEOPLE)
    server = await bench.server(**lane.env())
    _, answer = await bench.file(server)
    progress = await bench.sent(server, answer["alert"]["id"])
    counts = await lane.counts()
    assert np.array_equal(await lane.reached(), people)
    assert progress["lanes"]["webpush"]["accepted"] == people.size
    assert counts["duplicates"] == 0
    assert bool(counts["refused_requests"]) is bool(options)


async def test_people_are_told_when_the_service_is_back_and_the_dead_are_removed(bench: Bench) -> None:
    """Away, nobody is reached and nobody lost; back, all but the dead, who leave the index; the hostile stay in it."""
    lane = WebpushLane(bench)
    await lane.start("--invalid-rate", "0.05")
    await lane.control("outage", {"on": True})
    people = await lane.people(PEOPLE)
    redis = connect(bench.redis_url)
    index = PositionIndex(redis, ("tpns", "webpush"))
    hostile = [80_000_001, 80_000_002]
    tokens = [subscription("https://169.254.169.254", hostile[0]), "https://user@127.0.0.1/"]
    columns = [114.0579] * 2, [22.5431] * 2, [now_ms()] * 2
    await index.record(Positions("webpush", hostile, *columns, [address("zh-CN", token) for token in tokens]))
    server = await bench.server(**lane.env())
    _, answer = await bench.file(server)

    async def outage_is_felt() -> bool:
        return bool((await lane.counts())["requests"] == 0 and "lane.outage" in bench.log.read_text())

    await until(outage_is_felt)
    await lane.control("outage", {"on": False})
    progress = (await bench.sent(server, answer["alert"]["id"]))["lanes"]["webpush"]
    reached = await lane.reached()
    assert progress["accepted"] == reached.size
    assert 0 < people.size - reached.size <= progress["invalid"] < people.size // 5
    assert progress["quarantined"] == len(hostile)

    async def only_the_living_are_left() -> bool:
        return bool((await index.present("webpush", people) == np.isin(people, reached)).all())

    await until(only_the_living_are_left)
    assert (await index.present("webpush", np.array(hostile))).all()
    await redis.aclose()
    log = bench.log.read_text()
    assert "169.254" not in log
    assert "/push/" not in log
