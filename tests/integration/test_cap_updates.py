"""CAP Updates: texts, picture, end and a wider circle are applied; what is not stands in the notes with its path."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from handlers.cap.model import Area, Info, MessageType, Resource
from handlers.cap.writing import document_of
from push.alerts.review import Review
from tests.support.cap.messages import CENTRE, info, message, pin, post, signer
from tests.support.life.officers import Officers
from tests.support.processes.deployment import CASE, Deployment
from tests.support.updates import send_update

if TYPE_CHECKING:
    from handlers.cap.model import Message
    from tests.support.processes.processes import Process

NEWER, SUSPECT = "https://police.example/newer.jpg", "https://police.example/suspect.jpg"
NUMBER = CASE["case_number"]
SHOWN = "select content ->> 'photo_url', content #>> '{texts,en,title}', content #>> '{texts,en,call}' from alert"


def _infos(headline: str = "Ming is missing", *areas: Area, photo: str = "", **more: Any) -> tuple[Info, ...]:  # noqa: ANN401
    """Return the usual `info`s with another English headline, areas, picture and whatever else."""
    resources = (Resource(description="photo", mime_type="image/jpeg", uri=photo),) if photo else ()
    both = (info("zh-CN", "寻找小明", *areas), info("en", headline, *areas))
    return tuple(replace(one, resources=resources, **more) for one in both)


def _circle(radius_km: float, east: float = 0.0) -> Area:
    circle = replace(CENTRE, radius_km=radius_km, longitude=CENTRE.longitude + east)
    return Area(description="Shenzhen", circles=(circle,))


async def _filed(deployment: Deployment, server: Process) -> tuple[Message, str]:
    first = message(NUMBER)
    _, answer = await post(server, signer().signed(first))
    alert: str = answer["alert"]["id"]
    await deployment.sent(server, alert)
    return first, alert


async def test_an_update_applies_photo_end_and_a_wider_circle_at_once(deployment: Deployment) -> None:
    """One notice for those who were notified, and those in the wider circle get the alert; a retry the same answer."""
    await deployment.provider()
    inside = await deployment.people(1000)
    await pin(deployment)
    servers = [await deployment.server(), await deployment.server()]
    first, alert = await _filed(deployment, servers[0])
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=20)
    infos = _infos("Ming was seen", _circle(150), photo=NEWER, expires=ends, contact="0755-84450000")
    update = signer().signed(message("U-1", MessageType.UPDATE, first, infos=infos))
    status, answer = await post(servers[0], update)
    assert (status, answer["notes"]) == (200, [])
    assert datetime.fromisoformat(answer["alert"]["expires"]) == ends, "earlier than before"
    assert answer["alert"]["area"]["circle"]["radius_km"] == 150
    assert await deployment.query(SHOWN) == [(NEWER, "Ming was seen", "0755-84450000")]
    officers = Officers(deployment, servers[1])
    await officers.wait_until_notified("update", alert, inside.size)
    assert (await post(servers[1], update)) == (status, answer), "a retry gets the first answer"
    trail = (await deployment.get(f"{servers[0].url}/v1/audit"))["events"]
    events = [one["content"]["event"] for one in trail]
    [details] = [one["details"] for one in events if one["action"] == "update"]
    assert details["parts"] == ["photo", "texts", "expires", "area"]
    assert (await officers.act(alert, "found"))[0] == 200
    assert (await post(servers[1], update)) == (status, answer), "also after the alert's end"


async def test_what_an_update_does_not_change_is_noted_with_its_path(deployment: Deployment) -> None:
    """A smaller circle, another centre, other shapes, an end too late or past, and what is the same as before."""
    await deployment.provider()
    await deployment.people(200)
    await pin(deployment)
    server = await deployment.server()
    first, alert = await _filed(deployment, server)
    rings = "select ring, radius_km from ring where alert_id = $1 order by ring"
    before = await deployment.query(rings, alert)
    now = datetime.now(UTC).replace(microsecond=0)
    square = Area(description="x", polygons=(((22.5, 114.0), (22.6, 114.0), (22.6, 114.1), (22.5, 114.0)),))
    square = replace(square, polygons=(tuple((lon, lat) for lat, lon in square.polygons[0]),))
    expected: list[tuple[tuple[Area, ...], dict[str, Any], str]] = [
        ((_circle(100),), {}, "/alert/info[1]/area[1]/circle: not applied: those within 120 km"),
        ((_circle(150, east=0.5),), {}, "/alert/info[1]/area[1]/circle: not applied: another centre"),
        ((square,), {}, "/alert/info[1]/area[1]: not applied: only a larger circle"),
        ((_circle(900),), {}, "/alert/info[1]/area[1]/circle: not applied: over the cap on the radius"),
        ((), {}, "/alert/info[1]/area[1]: the same as before"),
        ((), {"expires": now + timedelta(hours=900)}, "/alert/info[1]/expires: an alert ends at the latest"),
        ((), {"photo": NEWER}, "/alert/info[1]/area[1]: the same as before"),
    ]
    for number, (areas, more, note) in enumerate(expected):
        infos = _infos(f"Ming was seen {number}", *areas, **more)
        document = signer().signed(message(f"U-{number}", MessageType.UPDATE, first, infos=infos))
        status, answer = await post(server, document)
        assert status == 200
        assert any(one.startswith(note) for one in answer["notes"]), (note, answer["notes"])
    number = len(expected)
    same = _infos(f"Ming was seen {number - 1}", photo=NEWER)
    document = signer().signed(message(f"U-{number}", MessageType.UPDATE, first, infos=same))
    status, problem = await post(server, document)
    assert (status, problem["code"]) == (409, "nothing_new")
    for path in ("/alert/info: ", "/alert/info[1]/resource: ", "/alert/info[1]/area[1]: "):
        assert f"{path}the " in problem["detail"] or f"{path}not" in problem["detail"], path
    assert await deployment.query(rings, alert) == before


async def test_the_same_message_with_another_picture_is_another_message(deployment: Deployment) -> None:
    """Sender, identifier and time of an Update that was taken, and other content: 409, and nothing is changed."""
    await deployment.provider()
    await deployment.people(200)
    await pin(deployment)
    server = await deployment.server()
    first, _ = await _filed(deployment, server)
    update = message("U-1", MessageType.UPDATE, first, infos=_infos("Ming was seen", photo=NEWER))
    assert (await post(server, signer().signed(update)))[0] == 200
    other = replace(update, infos=_infos("Ming was seen", photo=SUSPECT))
    status, problem = await post(server, signer().signed(other))
    assert (status, problem["code"]) == (409, "message_reused")
    assert (await post(server, document_of(update)))[0] == 422, "unsigned, it learns nothing of the first answer"
    assert (await deployment.query(SHOWN))[0][0] == NEWER


async def test_an_update_of_a_json_case_shows_no_suspect_and_says_what_stays(deployment: Deployment) -> None:
    """Phones get its texts; the companion's picture is left aside; a CAP case in turn takes no update in JSON."""
    await deployment.provider()
    await deployment.people(200)
    await pin(deployment)
    server = await deployment.server()
    _, answer = await deployment.file(server, photos=[{"url": SUSPECT, "of": "companion"}])
    await deployment.sent(server, answer["alert"]["id"])
    update = message("U-1", MessageType.UPDATE, message(NUMBER), infos=_infos("Ming was seen", photo=SUSPECT))
    status, answer = await post(server, signer().signed(update))
    assert status == 200
    assert next(note.partition(":")[0] for note in answer["notes"]) == "/alert/info[1]/resource"
    assert "filed as JSON" in answer["notes"][-1]
    photo, title, call = (await deployment.query(SHOWN))[0]
    assert (photo, title) == (None, "Ming was seen")
    assert "110" in call
    second = message("C-1")
    await post(server, signer().signed(second))
    status, problem = await send_update(deployment, server, case_number="C-1", guidance="切勿靠近")
    assert (status, problem["errors"][0]["path"]) == (422, "$.case_number")


async def test_an_update_that_waits_is_applied_as_a_whole(deployment: Deployment) -> None:
    """Picture, end and circle wait together; the notes say so, and the proposal names the parts and the radius."""
    await deployment.provider()
    await deployment.people(500)
    await pin(deployment)
    officers = Officers(deployment, await deployment.server())
    await officers.review(Review.APPROVE)
    first = message(NUMBER)
    _, answer = await post(officers.server, signer().signed(first))
    alert = answer["alert"]["id"]
    assert (await officers.act(alert, "approval"))[0] == 200
    await deployment.sent(officers.server, alert)
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=100)
    infos = _infos("Ming is missing", _circle(150), photo=NEWER, expires=ends)
    status, answer = await post(
        officers.server, signer().signed(message("U-1", MessageType.UPDATE, first, infos=infos))
    )
    proposal = answer["alert"]["review"]["proposal"]
    assert (status, proposal["parts"], proposal["radius_km"]) == (200, ["photo", "expires", "area"], 150)
    assert any("waits for approval" in note for note in answer["notes"])
    assert (await deployment.query(SHOWN))[0][0] is None
    assert (await officers.act(alert, "approval"))[0] == 200
    stands = (await deployment.get(f"{officers.server.url}/v1/alerts/{alert}"))["alert"]
    assert datetime.fromisoformat(stands["expires"]) == ends
    assert (stands["area"]["circle"]["radius_km"], stands["version"]) == (150, 2)
    assert (await deployment.query(SHOWN))[0][0] == NEWER
