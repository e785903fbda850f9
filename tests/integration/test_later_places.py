"""Later places: what the police see after the first place moves the area, and everybody is notified once."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import msgspec
import numpy as np
import pytest
import shapely
from redis import asyncio as aioredis
from shapely.geometry import MultiPolygon, box

from geo.area import distances_km
from geo.polygon import dump
from handlers.http.roles import Role
from push.alerts.review import Review
from server.administration.file_case import signed_headers
from tests.support.life.officers import Officers
from tests.support.processes.deployment import CASE, SHENZHEN, Deployment
from tests.support.processes.processes import Process, until
from tests.support.updates import send_update

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST: Final = (SHENZHEN.longitude, SHENZHEN.latitude)
EAST: Final = (115.6, 22.9)
"""About 160 km from the first place: the circles of 120 km around both overlap."""

NORTH: Final = (114.2, 23.9)
EDGE_KM: Final = 0.002
WORKERS: Final = 4
BATCH: Final = 1000


def seen(where: tuple[float, float] = EAST, minutes_ago: float = 5, **more: object) -> dict[str, Any]:
    """Return a place where the child was seen some minutes ago."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return {"at": at.isoformat(), "longitude": where[0], "latitude": where[1], **more}


async def tell(
    deployment: Deployment, server: Process, place: dict[str, Any], webhook_id: str | None = None
) -> tuple[int, dict[str, Any]]:
    """Send a signed place; returns the status and the answer."""
    told = {"case_number": CASE["case_number"], "reason": "seen by a conductor", "place": place}
    return await send(deployment, server, msgspec.json.encode(told), webhook_id)


async def send(
    deployment: Deployment, server: Process, body: bytes, webhook_id: str | None = None
) -> tuple[int, dict[str, Any]]:
    """Send a signed body to where places come in."""
    headers = signed_headers(deployment.secret, body, webhook_id=webhook_id)
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/v1/intake/sz/places", data=body, headers=headers) as response,
    ):
        return response.status, json.loads(await response.read())


async def positions(deployment: Deployment) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return everybody with their places, from Redis."""
    client = aioredis.Redis.from_url(deployment.redis_url)
    found: list[tuple[int, float, float]] = []
    for name in await client.keys("geo:*"):
        members: list[Any] = await client.zrange(name, 0, -1)
        places = await client.geopos(name, *members)
        found += [(int(user), *at) for user, at in zip(members, places, strict=True) if at is not None]
    await client.aclose()
    rows = np.array(found)
    return rows[:, 0].astype(np.int64), rows[:, 1:]


def inside(
    people: tuple[NDArray[np.int64], NDArray[np.float64]],
    rings: list[dict[str, Any]],
    limit: MultiPolygon | None = None,
) -> tuple[set[int], set[int]]:
    """Return who is in one of these rings for certain, and who may be, by brute force."""
    users, at = people
    certain, possible = np.zeros(users.size, dtype=bool), np.zeros(users.size, dtype=bool)
    for ring in rings:
        centre = FIRST if ring["centre"] is None else (ring["centre"]["longitude"], ring["centre"]["latitude"])
        away_km = distances_km(centre[0], centre[1], at[:, 0], at[:, 1])
        certain |= away_km < ring["radius_km"] - EDGE_KM
        possible |= away_km < ring["radius_km"] + EDGE_KM
    if limit is not None:
        within = shapely.contains_xy(limit, at[:, 0], at[:, 1])
        certain, possible = certain & within, possible & within
    return set(users[certain].tolist()), set(users[possible].tolist())


async def reached(deployment: Deployment) -> set[int]:
    """Return who was notified."""
    return set((await deployment.reached()).tolist())


async def has_reached(deployment: Deployment, wanted: set[int]) -> bool:
    """Tell whether these were notified."""
    return await reached(deployment) >= wanted


async def updates(deployment: Deployment) -> tuple[int, int, int]:
    """Return how many updates there are that can be sent, how many people got any, and the most that one got."""
    [[versions]] = await deployment.query("select count(distinct version) from notice where notice = 'update'")
    [[people]] = await deployment.query(
        "select coalesce(sum(recipients), 0) from ledger where notice = 'update' and outcome = 'accepted'"
    )
    [[sent]] = await deployment.query("select count(distinct message_version) from ledger where notice = 'update'")
    return versions, people, sent


@pytest.mark.parametrize("limited", [False, True])
async def test_a_later_place_adds_its_rings_and_reaches_the_union_each_person_once(
    deployment: Deployment, *, limited: bool
) -> None:
    """By brute force over all rings of the answer, within the jurisdiction if there is one; nobody twice."""
    limit = MultiPolygon([box(113.0, 22.0, 115.9, 23.3)]) if limited else None
    if limit is not None:
        await deployment.query("update authority set jurisdiction = $1", dump(limit))
    await deployment.provider()
    await deployment.people(20_000)
    people = await positions(deployment)
    server, _ = await deployment.server(), await deployment.server()
    _, answer = await deployment.file(server, area={"radius_km": 40, "reason": "a small child"})
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    first = await reached(deployment)
    status, answer = await tell(deployment, server, seen(EAST, place="惠东站"))
    assert status == 200
    rings = answer["alert"]["rings"]
    assert [ring["radius_km"] for ring in rings[-3:]] == [10, 30, 120]
    assert all(ring["centre"] == {"longitude": EAST[0], "latitude": EAST[1]} for ring in rings[-3:])
    certain, possible = inside(people, rings, limit)
    assert len(certain) > len(first) > 100
    await until(partial(has_reached, deployment, certain))
    await deployment.sent(server, alert)
    assert await reached(deployment) <= possible
    await until(lambda: _updated(deployment, len(first)))
    [[alerts]] = await deployment.query(
        "select sum(recipients) from ledger where notice = 'alert' and outcome = 'accepted'"
    )
    assert alerts == len(await reached(deployment))


async def _updated(deployment: Deployment, people: int) -> bool:
    return (await updates(deployment))[1] >= people


async def test_those_notified_before_get_one_silent_update_however_many_places_come(deployment: Deployment) -> None:
    """Three places in a row are one update, with the newest place first in its text, and no place before it."""
    await deployment.provider()
    await deployment.place([1, 2, 3], *FIRST)
    await deployment.place([4], *EAST)
    server = await deployment.server()
    _, answer = await deployment.file(server, area={"radius_km": 40, "reason": "a small child"})
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    for minutes, place in ((30, "东莞"), (20, "博罗"), (10, "惠东")):
        status, _ = await tell(deployment, server, seen(EAST, minutes, place=place))
        assert status == 200
    await until(lambda: has_reached(deployment, {4}))
    await until(lambda: _updated(deployment, 3))
    versions, people, sent = await updates(deployment)
    assert (versions, sent) == (3, 1), "three versions, and only the last one was sent"
    assert people <= 4, "who got the alert between two of the places got it with an older one"
    shown = (await deployment.get(f"{server.url}/v1/alerts/{alert}/preview"))["notices"]["alert"]
    for locale in ("zh-CN", "en"):
        body = shown[locale]["tpns"]["body"]
        assert "惠东" in body
        assert "博罗" not in body


async def test_a_place_is_taken_once_whatever_is_sent_again(deployment: Deployment) -> None:
    """The same webhook twice adds nothing; its id with another body is a conflict; an unknown case is said."""
    server = await deployment.server()
    await deployment.file(server)
    body = msgspec.json.encode({"case_number": CASE["case_number"], "reason": "seen", "place": seen()})
    first = await send(deployment, server, body, "msg_place")
    again = await send(deployment, server, body, "msg_place")
    assert (first[0], again[0]) == (200, 200)
    assert [ring["ring"] for ring in again[1]["alert"]["rings"]] == [1, 2, 3, 4, 5, 6]
    assert again[1]["alert"]["version"] == first[1]["alert"]["version"] == 2
    other = msgspec.json.encode({"case_number": CASE["case_number"], "reason": "seen", "place": seen(NORTH)})
    assert (await send(deployment, server, other, "msg_place"))[1]["code"] == "webhook_id_reused"
    unknown = msgspec.json.encode({"case_number": "X-1", "reason": "seen", "place": seen()})
    assert (await send(deployment, server, unknown))[1]["code"] == "unknown_case"
    swapped = {**seen(), "longitude": 22.5, "latitude": 114.0}
    assert (await tell(deployment, server, swapped))[0] == 422
    status, answer = await tell(deployment, server, seen(NORTH, confidence="possible"))
    assert (status, len(answer["alert"]["rings"]), bool(answer["notes"])) == (200, 6, True)


async def test_texts_that_are_made_again_keep_the_newest_place(deployment: Deployment) -> None:
    """By an operator, who may keep its sentence, and by an update of the case, whose `places` its notes send on."""
    await deployment.provider()
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    assert (await tell(deployment, server, seen(place="惠东站")))[0] == 200

    async def bodies() -> list[str]:
        shown = (await deployment.get(f"{server.url}/v1/alerts/{alert}/preview"))["notices"]["alert"]
        return [shown[locale]["tpns"]["body"] for locale in ("zh-CN", "en")]

    standing = await bodies()
    texts = {"zh-CN": {"title": "寻找小明", "body": "红色外套"}, "en": {"title": "Ming", "body": standing[1]}}
    order = {"reason": "clearer", "case_number": CASE["case_number"], "texts": texts}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/update", order))[0] == 200
    worded = await bodies()
    assert ["惠东站" in body for body in worded] == [True, True]
    assert [body.count("惠东站") for body in worded] == [1, 1]
    assert "红色外套" in worded[0]
    child = {**CASE["child"], "clothing": "绿色雨衣"}
    status, answer = await send_update(deployment, server, child=child, places=[seen(NORTH)])
    assert status == 200, answer
    assert any(note.startswith("$.places: not applied") and "/places" in note for note in answer["notes"])
    anew = await bodies()
    assert [body.count("惠东站") for body in anew] == [1, 1]
    assert "绿色雨衣" in anew[0]


async def test_a_place_waits_for_approval_where_cases_do(deployment: Deployment) -> None:
    """It is a proposal with its place; those around it are notified once others have approved it."""
    await deployment.provider()
    await deployment.place([1], *FIRST)
    await deployment.place([2], *EAST)
    officers = Officers(deployment, await deployment.server())
    await officers.review(Review.APPROVE)
    await officers.person("Li", Role.APPROVER)
    _, answer = await deployment.file(officers.server)
    alert = answer["alert"]["id"]
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200
    await deployment.sent(officers.server, alert)
    _, answer = await tell(deployment, officers.server, seen(EAST, place="惠东站"))
    proposal = answer["alert"]["review"]["proposal"]
    assert (proposal["action"], proposal["centre"]) == ("update", {"longitude": EAST[0], "latitude": EAST[1]})
    assert len(answer["alert"]["rings"]) == 3
    shown = await deployment.get(f"{officers.server.url}/v1/alerts/{alert}/preview")
    assert "惠东站" in shown["notices"]["update"]["zh-CN"]["tpns"]["body"]
    assert await reached(deployment) == {1}
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200
    await until(lambda: has_reached(deployment, {1, 2}))


async def test_a_case_with_places_is_sent_around_the_newest_and_near_the_first(deployment: Deployment) -> None:
    """The nearest rings of both come first; how far the widest reaches follows from how the child moves, and when."""
    await deployment.provider()
    await deployment.place([1], *FIRST)
    await deployment.place([2], *EAST)
    server = await deployment.server()
    places = [seen(NORTH, 90, confidence="possible"), seen(EAST, 120, mode="car", place="惠东站")]
    first_at = (datetime.now(UTC) - timedelta(hours=5)).isoformat()
    status, answer = await deployment.file(server, last_seen={**CASE["last_seen"], "at": first_at}, places=places)
    assert status == 202
    assert answer["notes"] == ["a place that is only possible moves no area: $.places[0]"]
    alert = answer["alert"]
    assert (alert["area"]["circle"]["longitude"], alert["area"]["circle"]["latitude"]) == EAST
    assert [ring["radius_km"] for ring in alert["rings"]] == [10, 10, 30, 120, 180]
    assert [ring["centre"] for ring in alert["rings"]] == [
        None,
        {"longitude": FIRST[0], "latitude": FIRST[1]},
        None,
        None,
        None,
    ]
    await deployment.sent(server, alert["id"])
    assert await reached(deployment) == {1, 2}
    shown = (await deployment.get(f"{server.url}/v1/alerts/{alert['id']}/preview"))["notices"]["alert"]
    assert "惠东站" in shown["zh-CN"]["tpns"]["body"]
    assert (await deployment.file(server, last_seen={**CASE["last_seen"], "at": first_at}, places=places))[0] == 200


async def test_whoever_comes_to_any_place_of_a_live_alert_is_notified(deployment: Deployment) -> None:
    """Late entrants of the first place and of the later one, without any pass; who stays outside is not."""
    await deployment.provider()
    await deployment.place([1, 2, 3], 100.0, 35.0)
    server = await deployment.server(QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S="3600")
    _, answer = await deployment.file(server, area={"radius_km": 40, "reason": "a small child"})
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    await tell(deployment, server, seen(EAST))
    await until(lambda: _is_due(deployment, 5))
    await deployment.sent(server, alert)

    async def reports() -> bool:
        for user, place in ((1, FIRST), (2, EAST), (3, (116.9, 24.9))):
            row = {"user": user, "lane": "tpns", "longitude": place[0], "latitude": place[1], "at": datetime.now(UTC)}
            assert (await deployment.post(f"{server.url}/v1/devices", [row]))[0] == 200
        return await has_reached(deployment, {1, 2})

    await until(reports)
    assert await reached(deployment) == {1, 2}
    await until(lambda: _nobody_waits(deployment))


async def _nobody_waits(deployment: Deployment) -> bool:
    return bool((await deployment.query("select count(*) from entrant"))[0][0] == 0)


async def _is_due(deployment: Deployment, rings: int) -> bool:
    [[due]] = await deployment.query("select count(*) from ring where due_at <= now()")
    return bool(due >= rings)


async def test_an_operator_asks_for_a_ring_around_another_place(deployment: Deployment) -> None:
    """A circle of its own, reached at once; half a place, or one within what is due, is refused."""
    await deployment.provider()
    await deployment.place([1], *FIRST)
    await deployment.place([2], *EAST)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    asked = {"reason": "seen", "case_number": CASE["case_number"], "radius_km": 20}
    url = f"{server.url}/v1/alerts/{alert}/rings"
    assert (await deployment.post(url, {**asked, "longitude": EAST[0]}))[0] == 422
    assert (await deployment.post(url, {**asked, "longitude": FIRST[0], "latitude": FIRST[1]}))[0] == 409
    status, answer = await deployment.post(url, {**asked, "longitude": EAST[0], "latitude": EAST[1]})
    assert (status, answer["alert"]["rings"][-1]["centre"]) == (200, {"longitude": EAST[0], "latitude": EAST[1]})
    await until(lambda: has_reached(deployment, {1, 2}))
    assert (await deployment.counts())["duplicates"] == 0


async def test_a_place_that_would_reach_too_many_is_held_and_released(deployment: Deployment) -> None:
    """Its near rings are sent, the wide one waits; released, everybody in the union is notified, once."""
    await deployment.provider()
    await deployment.people(20_000)
    people = await positions(deployment)
    server = await deployment.server(QQ_ALERT_ALERT__AUDIENCE_CAP="3000")
    officers = Officers(deployment, server)
    await officers.person("Li", Role.APPROVER)
    _, answer = await deployment.file(server, area={"radius_km": 20, "reason": "a small child"})
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    _, answer = await tell(deployment, server, seen((114.6, 22.7)))
    rings = answer["alert"]["rings"]
    assert [ring["held"] for ring in rings[-2:]] == [None, "audience cap"]
    certain, _ = inside(people, [ring for ring in rings if ring["held"] is None])
    await until(partial(has_reached, deployment, certain))
    whole, possible = inside(people, rings)
    assert (await officers.act(alert, "release", by="Li", people_max=50_000))[0] == 200
    await until(partial(has_reached, deployment, whole))
    assert await reached(deployment) <= possible


async def test_a_kill_in_the_middle_loses_nobody_of_the_union(deployment: Deployment) -> None:
    """Two processes; one is killed while both places are being sent: repeats are at most the batches in flight."""
    await deployment.provider("--latency-ms", "5")
    await deployment.people(100_000)
    people = await positions(deployment)
    one, other = await deployment.server(), await deployment.server()
    _, answer = await deployment.file(one, area={"radius_km": 60, "reason": "a small child"})
    alert = answer["alert"]["id"]
    _, answer = await tell(deployment, other, seen(EAST))
    certain, possible = inside(people, answer["alert"]["rings"])
    await until(lambda: _has_accepted(deployment, len(certain) // 3))
    one.end(signal.SIGKILL)
    await until(partial(has_reached, deployment, certain))
    await deployment.sent(other, alert)
    assert await reached(deployment) <= possible
    [[alerts]] = await deployment.query(
        "select sum(recipients) from ledger where notice = 'alert' and outcome = 'accepted'"
    )
    assert alerts <= len(possible) + WORKERS * BATCH


async def _has_accepted(deployment: Deployment, people: int) -> bool:
    return int((await deployment.counts())["accepted"]) >= people
