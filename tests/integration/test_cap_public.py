"""What the public sees: actual alerts as signed CAP and in the feed, and nothing of the child afterwards."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp
import capparser
from capvalidator import check_schema, validate_cap_message
from lxml import etree

from handlers.cap.model import Area, MessageType
from handlers.cap.verification import SignatureStatus, read_pins
from handlers.police.cap.reception import receive
from tests.support.cap.documents import Keys, keys
from tests.support.cap.messages import info, message, pin, post, public_settings, signer
from tests.support.processes.deployment import CASE, SHENZHEN, Deployment
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from pathlib import Path

    from handlers.cap.model import Message
    from tests.support.processes.processes import Process

ATOM = "{http://www.w3.org/2005/Atom}"
WHY = {"reason": "because of a test", "case_number": CASE["case_number"]}
HOUSE = tuple(
    (round(SHENZHEN.longitude + east, 4), round(SHENZHEN.latitude + north, 4))
    for east, north in ((0.001, 0.001), (0.002, 0.001), (0.002, 0.002), (0.001, 0.002), (0.001, 0.001))
)
CHILD = re.compile(r"小明|蓝色校服|莲花山公园|(?<![A-Za-z0-9+/=-])110(?![A-Za-z0-9+/=-])")
"""Whoever is missing, and whom to call; three digits may also stand in an identifier, a digest or a signature."""


async def _get(server: Process, path: str, **headers: str) -> tuple[int, bytes, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.url}/v1/public/{path}", headers=headers) as response,
    ):
        return response.status, await response.read(), response.headers.get("ETag", "")


async def _message(server: Process, alert: str, ours: Keys) -> tuple[Message, str]:
    """Return an alert's message and its text, after checking schema, another parser and the signature."""
    status, document, _ = await _get(server, f"alerts/{alert}/cap")
    assert status == 200
    assert check_schema(document).passed
    assert validate_cap_message(document).passed, "the WMO's validator, signature included"
    root = etree.fromstring(document)
    for signature in root.findall("{http://www.w3.org/2000/09/xmldsig#}Signature"):
        root.remove(signature)
    parsed = capparser.parse(stringXML=etree.tostring(root, encoding="unicode"))
    received = receive(document, read_pins([ours.certificate]), datetime.now(UTC))
    assert not isinstance(received, list), received
    assert received.signature.signature_status is SignatureStatus.VERIFIED
    assert parsed.identifier[0] == received.message.identifier
    return received.message, document.decode()


async def test_every_notice_is_published_signed_and_nothing_of_the_child_once_it_is_found(
    deployment: Deployment, tmp_path: Path
) -> None:
    """Alert, Updates (wider, longer, new text), Cancel, each with references to all before; the feed agrees."""
    ours = keys(days=36_500)
    await deployment.provider()
    await deployment.people(1000)
    server = await deployment.server(**public_settings(tmp_path, ours), QQ_ALERT_RETENTION__LOOK_S="0.1")
    await deployment.file(server, status="exercise", case_number="E-1")
    assert b"entry" not in (await _get(server, "alerts.atom"))[1], "an exercise is never public"
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    first, text = await _message(server, alert, ours)
    assert (first.message_type, first.references, first.sender) == (MessageType.ALERT, (), "alerts@platform.example")
    assert {info.language for info in first.infos} == {"zh-CN", "en"}
    assert first.infos[0].areas[0].circles[0].radius_km == 120
    assert "小明" in text
    # What was rendered before may be kept for a moment.
    await until(lambda: _feed_has(server, alert))
    _, feed, tag = await _get(server, "alerts.atom")
    entries = etree.fromstring(feed).findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}id") for entry in entries] == [f"urn:uuid:{alert}"]
    for known in (tag, f"W/{tag}", f'"another", {tag}'):
        assert (await _get(server, "alerts.atom", **{"If-None-Match": known}))[0] == 304
    assert (await _get(server, "alerts.atom", **{"If-None-Match": '"another"'}))[0] == 200

    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/rings", WHY | {"radius_km": 200}))[0] == 200
    wider, _ = await _message(server, alert, ours)
    assert wider.infos[0].areas[0].circles[0].radius_km == 200
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/extension", WHY | {"hours": 2}))[0] == 200
    longer, _ = await _message(server, alert, ours)
    ends = [one.infos[0].expires for one in (wider, longer)]
    assert ends[0] is not None
    assert ends[1] == ends[0] + timedelta(hours=2)
    for number, changed in enumerate((wider, longer), 1):
        assert (changed.message_type, len(changed.references)) == (MessageType.UPDATE, number)
    texts = {locale: {"title": "小明", "body": "见于广州"} for locale in ("zh-CN", "en")}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/update", WHY | {"texts": texts}))[0] == 200
    update, _ = await _message(server, alert, ours)
    assert (update.message_type, [one.identifier for one in update.references]) == (
        MessageType.UPDATE,
        [first.identifier, wider.identifier, longer.identifier],
    )
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", WHY))[0] == 200
    found, text = await _message(server, alert, ours)
    assert (found.message_type, found.note) == (MessageType.CANCEL, "found")
    before = [first, wider, longer, update]
    assert [one.identifier for one in found.references] == [one.identifier for one in before]
    assert found.infos[0].areas[0].circles[0].radius_km == 200
    await deployment.pass_time(1.1)
    await until(lambda: _is_in(deployment, alert, "closed"))
    closed, closed_text = await _message(server, alert, ours)
    assert (closed.message_type, closed.note) == (MessageType.CANCEL, "found")
    await until(lambda: _feed_has(server, alert, names_child=False))
    assert not CHILD.search(text + closed_text)


async def test_alerts_that_were_never_sent_are_not_published_and_expired_ones_are_as_such(
    deployment: Deployment, tmp_path: Path
) -> None:
    """In review: never public, even once cancelled. Expired: a message that it has ended, without the child."""
    ours = keys(days=36_500)
    await deployment.provider()
    await deployment.people(200)
    server = await deployment.server(**public_settings(tmp_path, ours))
    await deployment.query("update authority set review = 'approve'")
    _, answer = await deployment.file(server, case_number="R-1")
    held = answer["alert"]["id"]
    assert (await _get(server, f"alerts/{held}/cap"))[0] == 404
    request = WHY | {"case_number": "R-1"}
    assert (await deployment.post(f"{server.url}/v1/alerts/{held}/cancel", request))[0] == 200
    assert (await _get(server, f"alerts/{held}/cap"))[0] == 404
    _, answer = await deployment.file(server, case_number="R-2")
    late = answer["alert"]["id"]
    await deployment.query("update alert set expires = now() where id = $1", late)
    await until(lambda: _is_in(deployment, late, "expired"))
    request = WHY | {"case_number": "R-2"}
    assert (await deployment.post(f"{server.url}/v1/alerts/{late}/found", request))[0] == 200
    assert (await _get(server, f"alerts/{late}/cap"))[0] == 404, "nobody was notified of it"
    await deployment.query("update authority set review = 'auto'")
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    await deployment.pass_time(73)
    await until(lambda: _is_in(deployment, alert, "expired"))
    message, text = await _message(server, alert, ours)
    assert (message.message_type, message.note) == (MessageType.CANCEL, "expired")
    assert not CHILD.search(text)
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", WHY))[0] == 200
    found, _ = await _message(server, alert, ours)
    assert found.references[-1].identifier == message.identifier
    assert (await _get(server, "alerts/nobody/cap"))[0] == 404


async def test_a_drawn_area_is_published_to_a_kilometre_once_the_child_is_found(
    deployment: Deployment, tmp_path: Path
) -> None:
    """Before that it is exact; afterwards nothing stored or published identifies a house."""
    ours = keys(days=36_500)
    await deployment.provider()
    await pin(deployment)
    server = await deployment.server(**public_settings(tmp_path, ours), QQ_ALERT_RETENTION__LOOK_S="0.1")
    house = Area(description="a house", polygons=(HOUSE,))
    _, answer = await post(server, signer().signed(message("P-1", infos=(info("zh-CN", "寻找小明", house),))))
    drawn = answer["alert"]["id"]
    await deployment.sent(server, drawn)
    assert HOUSE[0] in (await _message(server, drawn, ours))[0].infos[0].areas[0].polygons[0]
    request = WHY | {"case_number": "P-1"}
    assert (await deployment.post(f"{server.url}/v1/alerts/{drawn}/found", request))[0] == 200
    await deployment.pass_time(1.1)
    await until(lambda: _is_in(deployment, drawn, "closed"))
    left = (await _message(server, drawn, ours))[0].infos[0].areas[0].polygons[0]
    assert all(abs(100 * part - round(100 * part)) < 1e-6 for corner in left for part in corner)


async def test_without_a_key_nothing_is_published(deployment: Deployment) -> None:
    """404, with the name of the missing setting."""
    server = await deployment.server()
    for path in ("alerts.atom", "alerts/0/cap"):
        status, body, _ = await _get(server, path)
        assert (status, b"key_file" in body) == (404, True)


async def _feed_has(server: Process, alert: str, *, names_child: bool = True) -> bool:
    text = (await _get(server, "alerts.atom"))[1].decode()
    return alert in text and (names_child or not CHILD.search(text))


async def _is_in(deployment: Deployment, alert: str, state: str) -> bool:
    return bool((await deployment.query("select state = $2 from alert where id = $1", alert, state))[0][0])


async def test_an_alert_held_before_its_first_send_is_not_published(deployment: Deployment, tmp_path: Path) -> None:
    """Until a person has released it, the public sees neither the child's name nor the alert."""
    ours = keys(days=36_500)
    await deployment.provider()
    await deployment.people(2000)
    server = await deployment.server(**public_settings(tmp_path, ours))
    await deployment.query("update authority set review = 'approve'")
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    # Held as by an estimate over the cap, which a sample of so few people gives only now and then.
    await deployment.query("update ring set held = 'audience cap'")
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/approval", WHY | {"revision": 1}))[0] == 200
    await deployment.sent(server, alert)
    assert await deployment.query("select 1 from ledger") == []
    assert (await _get(server, f"alerts/{alert}/cap"))[0] == 404
    assert alert not in (await _get(server, "alerts.atom"))[1].decode()
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", WHY))[0] == 200
    assert (await _get(server, f"alerts/{alert}/cap"))[0] == 404
