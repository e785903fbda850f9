"""Reports of strangers from the form to the record: acknowledged once stored, sealed, bounded, never logged."""

from __future__ import annotations

import asyncio
import contextlib
import html
import io
import re
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import aiohttp
import msgspec
from PIL import Image

from public.objects import Trouble
from public.sightings.intake.inbox import Priority, Sent, named, report_path
from public.sightings.intake.inbox_sealing import KEY_ID_BYTES, MARK, InboxKeys, PublicSeal, Unopened
from public.sightings.intake.proof import is_proof
from runtime.authentication_codes import key_material
from server.administration.encryption import encryption_key
from server.settings import load
from tests.support.alarms import until_alarmed
from tests.support.pictures import jpeg
from tests.support.processes.own_metrics import OwnMetrics
from tests.support.processes.processes import until
from tests.support.processes.public_site import URL, public_env
from tests.support.public.report_flood import proof_for
from tests.support.public.reports import keys_of, report_of
from tests.support.public.strangers import objects_for, publish, receipt_of, reported, site_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

STANDS_STILL_S = 90.0
HEARD_S = 60.0
LEFT_SAID_S = 90.0
"""The alarm comes once it was left for half a minute."""

WORDS, CONTACT, PLACE = "a boy with a red kite", "13912345678", "莲花山北门"


async def _alert(deployment: Deployment, **env: str) -> tuple[Process, str, str]:
    await deployment.provider()
    server = await deployment.server(**public_env(deployment), **env)
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    return server, alert, await publish(deployment, alert)


async def _sightings(deployment: Deployment, server: Process, alert: str, count: int) -> list[dict[str, Any]]:
    """Wait until so many sightings stand in the record."""
    found: list[dict[str, Any]] = []

    async def are_there() -> bool:
        found[:] = (await deployment.get(f"{server.url}/v1/alerts/{alert}/sightings"))["sightings"]
        return len(found) >= count

    await until(are_there)
    return found


def _stored(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


async def test_what_somebody_saw_reaches_the_operators(deployment: Deployment) -> None:
    """With place, time and contact; the receipt says that it was received, and nothing else."""
    server, alert, code = await _alert(deployment)
    site = await site_for(deployment)
    where = {"longitude": "114.06", "latitude": "22.54", "accuracy_m": "30", "seen_at": "2026-11-28T10:00"}
    receipt = await receipt_of(site.url, code, WORDS, contact=CONTACT, place=PLACE, language="zh-CN", **where)
    [sighting] = await _sightings(deployment, server, alert, 1)
    assert (sighting["what"], sighting["contact"], sighting["place"]) == (WORDS, CONTACT, PLACE)
    assert (sighting["receipt"], sighting["language"], sighting["accuracy_m"]) == (receipt, "zh-CN", 30)
    assert sighting["seen_at"] == "2026-11-28T02:00:00Z", "without a zone it is the time of the place"
    assert sighting["distance_km"] < 1
    async with aiohttp.ClientSession(site.url) as session:
        async with session.get(f"/s/receipt/{receipt}") as answer:
            assert answer.status == 200
            assert WORDS not in await answer.text()
        async with session.get(f"/s/receipt/{receipt[:-1]}{'2' if receipt[-1] != '2' else '3'}") as answer:
            assert answer.status == 404
    log = (deployment.folder / "serve-public.log").read_text(encoding="utf-8") + deployment.log.read_text("utf-8")
    assert not [word for word in (WORDS, CONTACT, PLACE, receipt, "127.0.0", code) if word in log]


async def test_consoles_hear_how_many_sightings_wait_and_nothing_of_them(deployment: Deployment) -> None:
    """The feed has the alert and the count, again after each decision; metrics say what waits in the inbox."""
    own = OwnMetrics.free()
    server, alert, code = await _alert(deployment, **own.env)
    site = await site_for(deployment)
    heard: list[str] = []
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:

        async def undecided(count: int) -> None:
            async with asyncio.timeout(HEARD_S):
                async for message in feed:
                    heard.append(message.data)
                    event = message.json()
                    if (event["type"], event.get("undecided")) == ("sightings", count):
                        assert event["alert"] == alert
                        return

        await receipt_of(site.url, code, WORDS, contact=CONTACT)
        await undecided(1)
        [sighting] = await _sightings(deployment, server, alert, 1)
        path = f"{server.url}/v1/alerts/{alert}/sightings/{sighting['id']}/decision"
        assert (await deployment.post(path, {"decision": "pass_on", "revision": 1}))[0] == 200
        await undecided(0)
        assert "\nqq_alert_reports_waiting 0.0\n" in await own.text()
    assert not [one for one in heard if WORDS in one or CONTACT in one]


async def test_the_inbox_holds_nothing_that_can_be_read_there(deployment: Deployment) -> None:
    """While no server takes reports in they wait, sealed; the process that took them in has no key to open them."""
    server, alert, code = await _alert(deployment)
    site = await site_for(deployment)
    server.end()
    photo = jpeg()
    await receipt_of(site.url, code, WORDS, contact=CONTACT, photos=[photo])
    inbox = deployment.folder / "objects" / "inbox"
    content = b"".join(path.read_bytes() for path in inbox.rglob("*-*") if path.is_file())
    assert len(content) > len(photo)
    assert not [one for one in (WORDS.encode(), CONTACT.encode(), photo[100:200], b"JFIF", b"Exif") if one in content]
    server = await deployment.server(**public_env(deployment))
    [sighting] = await _sightings(deployment, server, alert, 1)
    assert sighting["what"] == WORDS


async def test_reports_wait_while_the_record_takes_none_and_the_server_lives_on(deployment: Deployment) -> None:
    """What the record refuses stays in the inbox, acknowledged; it is taken in when the record takes it again."""
    server, alert, code = await _alert(deployment)
    site = await site_for(deployment)
    await deployment.query("alter table sighting rename to hidden")
    receipt = await receipt_of(site.url, code, WORDS)

    async def is_refused() -> bool:
        return "sightings.record_away" in deployment.log.read_text(encoding="utf-8")

    await until(is_refused)
    assert server.alive
    assert len(_stored(deployment.folder / "objects" / "inbox" / "reports")) == 1
    await deployment.query("alter table hidden rename to sighting")
    [sighting] = await _sightings(deployment, server, alert, 1)
    assert sighting["receipt"] == receipt


async def test_operators_see_a_copy_and_the_original_stays_sealed(deployment: Deployment) -> None:
    """The camera's time and place are fields; the copy has neither, and a picture that is none is kept all the same."""
    server, alert, code = await _alert(deployment)
    site = await site_for(deployment)
    photo = jpeg()
    await receipt_of(site.url, code, WORDS, photos=[photo, b"no picture at all"])
    [sighting] = await _sightings(deployment, server, alert, 1)
    first, second = sighting["photos"]
    assert (first["readable"], second["readable"]) == (True, False)
    assert abs(first["longitude"] - 114.06) < 0.01
    assert first["taken_at"] == "2026-11-28T02:11:12Z"
    path = f"{server.url}/v1/alerts/{alert}/sightings/{sighting['id']}/photos"
    async with deployment.session() as session:
        async with session.get(f"{path}/1") as answer:
            assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
            copy = Image.open(io.BytesIO(await answer.read()))
            assert not copy.getexif()
            assert copy.size == (640, 480)
        async with session.get(f"{path}/2") as answer:
            assert answer.status == 404
    folder = deployment.folder / "objects"
    kept = sorted(_stored(folder / "kept"))
    assert kept == ["copy.1", "original.1", "original.2"]

    async def is_empty() -> bool:
        return not _stored(folder / "inbox" / "photos") and not _stored(folder / "inbox" / "reports")

    await until(is_empty)
    assert not [one for one in (folder / "kept").rglob("*.*") if b"JFIF" in one.read_bytes()]


async def test_a_form_with_a_mistake_comes_back_as_it_was_filled_in(deployment: Deployment) -> None:
    """Also its photo; what was typed is text on the page, whatever it looks like. Sent again, it is one report."""
    server, alert, code = await _alert(deployment)
    site = await site_for(deployment)
    nasty = '<script>alert("x")</script> {{ 7*7 }}'
    fields = {"what": nasty, "seen_at": "2998-12-31T16:00:00.000Z", "language": "en", "place": '"><b>'}
    async with reported(site.url, code, fields, [jpeg()], accept="text/html") as answer:
        page = await answer.text()
        assert answer.status == 422
    assert "<script>alert" not in page
    assert html.escape(nasty, quote=False).replace('"', "&#34;") in page
    assert "This time is still to come." in page
    assert 'type="datetime-local" value="2999-01-01T00:00"' in page, "as its field takes it"
    [upload] = re.findall(r'name="photo_id" value="([0-9a-f]{32})" checked', page)
    [form] = re.findall(r'name="form" value="([0-9a-f]{32})"', page)
    again = {"what": nasty, "photo_id": upload, "language": "en", "form": form}
    receipts = set()
    for _ in range(2):
        async with reported(site.url, code, again, accept="text/html") as answer:
            assert answer.status == 200
            receipts |= set(re.findall(r'class="code">(\w+)<', await answer.text()))
    assert len(receipts) == 1
    [sighting] = await _sightings(deployment, server, alert, 1)
    assert (sighting["what"], len(sighting["photos"])) == (nasty, 1)
    for bad in ({"what": ""}, {"what": "x" * 2001}, {"what": "x", "photo_id": "0" * 32}, {"what": "x", "seen_at": "?"}):
        async with reported(site.url, code, bad) as answer:
            assert answer.status == 422
            assert (await answer.json())["faults"]


async def test_a_photo_goes_on_where_its_connection_was_cut(deployment: Deployment) -> None:
    """What came before the cut is stored; only the one who began it can go on, and only where it has come to."""
    server, alert, code = await _alert(deployment)
    site = await site_for(deployment)
    photo = jpeg() + bytes(900_000)
    path = f"/s/{code}/photos"
    async with aiohttp.ClientSession(site.url) as session:
        async with session.post(path, headers={"Upload-Length": str(len(photo))}) as answer:
            upload = f"{path}/{(await answer.json())['upload']}"

        async def cut() -> Any:  # noqa: ANN401 - pieces of a body that never ends
            yield photo[:700_000]
            raise ConnectionResetError

        try:
            headers = {"Upload-Offset": "0", "Content-Length": str(len(photo))}
            async with session.patch(upload, data=cut(), headers=headers):
                pass
        except aiohttp.ClientError:
            pass

        async def offset() -> int:
            async with session.head(upload) as answer:
                return int(answer.headers["Upload-Offset"])

        async def is_stored() -> bool:
            return await offset() > 0

        await until(is_stored)
        async with session.patch(upload, data=b"x", headers={"Upload-Offset": str(len(photo) - 1)}) as answer:
            assert answer.status == 409
        async with session.patch(f"{path}/{'0' * 32}", data=b"x", headers={"Upload-Offset": "0"}) as answer:
            assert answer.status == 404
        at = await offset()
        assert at < len(photo)
        async with session.patch(upload, data=io.BytesIO(photo[at:]), headers={"Upload-Offset": str(at)}) as answer:
            assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(len(photo)))
    await receipt_of(site.url, code, WORDS, photo_id=upload.rpartition("/")[2])
    [sighting] = await _sightings(deployment, server, alert, 1)
    assert sighting["photos"][0]["readable"]


async def test_a_block_that_reports_too_much_is_told_whom_to_call(deployment: Deployment) -> None:
    """Another block is let in; an address that no trusted proxy names is not believed. A proof of work comes first."""
    server, alert, code = await _alert(deployment)
    site = await site_for(deployment, QQ_ALERT_PUBLIC__SIGHTINGS__BLOCK_PER_H="3")
    for number in range(3):
        await receipt_of(site.url, code, f"seen {number}", address=f"203.0.113.{number}")
    async with reported(site.url, code, {"what": "more"}, address="203.0.113.77") as answer:
        assert answer.status == 429
        assert "110" in (await answer.json())["refused"]
    forged = "198.51.100.1, 203.0.113.9"
    async with reported(site.url, code, {"what": "more"}, address=forged) as answer:
        assert answer.status == 429, "the last address counts, which the proxy wrote"
    await receipt_of(site.url, code, "from elsewhere", address="198.51.100.1")
    assert len(await _sightings(deployment, server, alert, 4)) == 4


async def test_who_is_refused_keeps_what_was_typed_in_the_language_of_the_form(deployment: Deployment) -> None:
    """Words come back in the form, also where the block sent too much; a large form is refused unread, in words."""
    _, _, code = await _alert(deployment)
    site = await site_for(deployment, QQ_ALERT_PUBLIC__SIGHTINGS__BLOCK_PER_H="1")
    await receipt_of(site.url, code, "the first one")
    async with reported(site.url, f"{code}/en", {"what": WORDS, "contact": CONTACT}, accept="text/html") as answer:
        page = await answer.text()
        assert answer.status == 429
    assert "Too many reports came from your network" in page
    assert WORDS in page
    assert CONTACT in page
    async with reported(site.url, f"{code}/en", {"what": WORDS}, [jpeg()], accept="text/html") as answer:
        assert answer.status == 429
        assert "Too many reports came from your network" in await answer.text()


async def test_what_the_store_refused_is_none_of_the_reports_of_a_block(deployment: Deployment) -> None:
    """Who tries again and again while it is away has not used up what the block may report."""
    _, _, code = await _alert(deployment)
    site = await site_for(deployment, QQ_ALERT_PUBLIC__SIGHTINGS__BLOCK_PER_H="1")
    folder = deployment.folder / "objects" / "inbox" / "reports"
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_bytes(b"no folder")
    for number in range(3):
        async with reported(site.url, code, {"what": f"{WORDS} {number}"}) as answer:
            assert answer.status == 503
    folder.unlink()
    await receipt_of(site.url, code, WORDS)


async def test_a_full_disk_takes_texts_for_longer_than_photos(deployment: Deployment) -> None:
    """At three quarters of the quota photos are left out, and the report goes without; at all of it nothing goes."""
    server, alert, code = await _alert(deployment)
    objects, small = objects_for(deployment), {"QQ_ALERT_PUBLIC__SIGHTINGS__DISK_MB": "10"}
    (await site_for(deployment)).end()
    server.end()
    await objects.put("inbox/photos/0/filler", bytes(8_000_000))
    site = await site_for(deployment, **small)
    async with reported(site.url, code, {"what": WORDS}, [jpeg()]) as answer:
        assert answer.status == 200
    assert _stored(deployment.folder / "objects" / "inbox" / "photos") == ["filler"]
    async with reported(site.url, code, {"what": ""}, [jpeg()]) as answer:
        assert answer.status == 422, "a photo alone is no report without it"
    site.end()
    await objects.put("inbox/photos/1/filler", bytes(1_300_000))
    site = await site_for(deployment, **small)
    async with reported(site.url, code, {"what": f"{WORDS}!"}) as answer:
        assert answer.status == 507, "the last tenth is for those with a proof of work"
    await receipt_of(site.url, code, f"{WORDS}!", proof=proof_for(code))
    site.end()
    await objects.put("inbox/photos/2/filler", bytes(2_000_000))
    site = await site_for(deployment, **small)
    async with reported(site.url, code, {"what": f"{WORDS}?", "proof": proof_for(code)}) as answer:
        assert answer.status == 507
        assert "110" in (await answer.json())["refused"]
    assert alert


async def test_what_nobody_can_read_or_place_is_put_aside_and_raises_an_alarm(deployment: Deployment) -> None:
    """What follows it is taken in all the same."""
    server, alert, code = await _alert(deployment)
    objects = objects_for(deployment)
    report, of_no_page = report_of(alert, "sealed for others"), report_of(str(uuid4()), "of a page that is lost")
    other, ours = (PublicSeal(InboxKeys(keys).public) for keys in ([b"another key"], keys_of(deployment)))
    sealed = other.seal(msgspec.json.encode(Sent(report=report)))
    await objects.put(report_path(1, report), sealed[len(MARK) + KEY_ID_BYTES :])
    await objects.put(report_path(1, of_no_page), ours.seal(msgspec.json.encode(Sent(report=of_no_page))))
    site = await site_for(deployment)
    await receipt_of(site.url, code, WORDS)
    assert len(await _sightings(deployment, server, alert, 1)) == 1

    await until_alarmed(deployment, server, "unreadable_sightings", "unknown_page_sightings")
    left = report_of(alert, "sealed to the key of a server that is elsewhere")
    await objects.put(report_path(1, left), other.seal(msgspec.json.encode(Sent(report=left))))

    async def is_said_to_be_left() -> bool:
        alarms = (await deployment.get(f"{server.url}/v1/alarms"))["alarms"]
        return [one for one in alarms if "key of another server" in one["detail"]] != []

    await until(is_said_to_be_left, LEFT_SAID_S)
    assert await objects.get(report_path(1, left)) != Trouble.MISSING, "it stays where it is"
    inbox = deployment.folder / "objects" / "inbox"
    assert [one[15:] for one in _stored(inbox / "unreadable")] == [str(report.id)]
    assert [one[15:] for one in _stored(inbox / "unknown-pages")] == [str(of_no_page.id)]


async def test_a_page_that_is_over_or_unknown_takes_no_report(deployment: Deployment) -> None:
    """Over: 410 and whom to call; never published: 404, before anything of the body is read."""
    _, alert, code = await _alert(deployment)
    site = await site_for(deployment)
    async with reported(site.url, "zzzzzzzzzz", {"what": WORDS}) as answer:
        assert answer.status == 404
    await publish(deployment, alert, state="over")

    async def is_over() -> bool:
        async with reported(site.url, code, {"what": WORDS}, accept="text/html") as answer:
            return answer.status == 410 and "110" in await answer.text()

    await until(is_over)


async def test_pages_of_other_sites_have_nobody_report(deployment: Deployment) -> None:
    """What a browser says is of another site is refused, whom to call with it; an origin that is kept back is ours."""
    _, _, code = await _alert(deployment)
    site = await site_for(deployment)
    for foreign in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://busy.example"}):
        async with reported(site.url, code, {"what": WORDS, "proof": proof_for(code)}, more=foreign) as answer:
            assert answer.status == 403
            assert "110" in (await answer.json())["refused"]
    assert not _stored(deployment.folder / "objects" / "inbox" / "reports")
    ours = ({"Sec-Fetch-Site": "same-origin"}, {"Origin": "null"}, {"Origin": URL}, {"Origin": site.url})
    for number, one in enumerate(ours):
        async with reported(site.url, code, {"what": f"{WORDS} {number}"}, more=one) as answer:
            assert answer.status == 200


async def test_a_body_that_stands_still_or_has_no_length_is_ended_in_words(deployment: Deployment) -> None:
    """Without a length none is read; of one that stands still what came is no report, and stands in the form again."""
    _, _, code = await _alert(deployment)
    site = await site_for(deployment)
    part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'
    parts = [part % b"place" + PLACE.encode() + b"\r\n", part % b"contact" + b"1\r\n", part % b"what" + b"half of it"]
    body = b"".join(parts)
    head = f"POST /s/{code} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    answers = []
    for length in ("Transfer-Encoding: chunked", "Content-Length: 99999999999", "Content-Length: 5000"):
        reader, writer = await asyncio.open_connection(*site.address)
        writer.write(f"{head}{length}\r\n\r\n".encode())
        for one in [f"{len(body):x}\r\n".encode() + body + b"\r\n"] if "chunked" in length else parts:
            writer.write(one)
            await writer.drain()
            # As a slow phone sends it: what follows comes when this was read.
            async with aiohttp.ClientSession(site.url) as session, session.get("/health"):
                pass
        answers.append((await asyncio.wait_for(reader.read(), STANDS_STILL_S)).decode())
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    assert [one[9:12] for one in answers] == ["411", "413", "408"]
    assert all("110" in one for one in answers[1:])
    assert f'value="{PLACE}"' in answers[2]
    assert not _stored(deployment.folder / "objects" / "inbox" / "reports")


def test_a_proof_of_work_names_its_page_and_its_time() -> None:
    """One that was found here holds for its page within two hours."""
    at = datetime(2026, 11, 29, tzinfo=UTC).timestamp()
    texts = (f"v1:2222222222:{int(at // 60)}:{'0' * 16}:{tries}" for tries in range(2**22))
    text = next(one for one in texts if is_proof(one, "2222222222", at))
    assert not is_proof(text, "3333333333", at)
    assert not is_proof(text, "2222222222", at + 3 * 3600)
    assert not is_proof(text.replace("v1", "v2"), "2222222222", at)


async def test_a_report_is_sealed_for_the_first_key_and_opened_with_all(deployment: Deployment) -> None:
    """After a new key came first, what was sealed before is still opened; names that are none are skipped."""
    keys = key_material(encryption_key(load(None, deployment.env())))
    older, newer = InboxKeys(keys), InboxKeys([b"new", *keys])
    sealed = PublicSeal(older.public).seal(b"before")
    assert newer.open(sealed) == b"before"
    assert older.open(PublicSeal(newer.public).seal(b"after")) is Unopened.OTHER_KEY
    assert newer.open(sealed[len(MARK) + KEY_ID_BYTES :]) == b"before", "as servers sealed that named no key"
    assert older.open(b"nothing of ours") is Unopened.BROKEN
    piece = PublicSeal(older.public).seal_piece("0" * 32, 7, b"piece")
    assert older.open_piece("0" * 32, 7, piece) == b"piece"
    assert older.open_piece("0" * 32, 8, piece) is Unopened.BROKEN
    assert named("inbox/reports/1/00000000000000-x") is None
    older_name = named(f"inbox/unreadable/00000000000001-{uuid4()}")
    assert older_name is not None, "put aside by a server that kept no priority"
    assert older_name.priority == Priority.FIRST
