"""The photo of a case: wished in the transaction of the case, made soon after, never at the cost of the case."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pytest
from PIL import Image

import sql.photos
from handlers.police.case.case import Case, kept, read_case
from handlers.police.case.photos import pictures_of_missing
from public.photos.picture_sizes import WIDTHS
from public.photos.plain_jpeg import plain_size
from server.administration.file_case import send_case, signed_headers
from tests.support.pictures import BEIJING, camera_exif, encoded, heic, scene
from tests.support.processes.deployment import CASE, SEEN_ON
from tests.support.processes.processes import until
from tests.support.public.case_photos import child_with, data_uri, photo_world, until_made

if TYPE_CHECKING:
    from sql.database import Pool
    from tests.support.processes.deployment import Deployment
    from tests.support.public.case_photos import World

EXAMPLES = Path(__file__).parents[2] / "examples" / "cases"
WHY = {"reason": "test", "case_number": CASE["case_number"]}


async def test_the_photo_of_a_case_is_fetched_once_and_encoded_by_us(deployment: Deployment) -> None:
    """The case is answered before its photo is asked for; what is kept are three JPEGs of ours, without metadata."""
    async with photo_world(deployment) as world:
        released = asyncio.Event()

        async def wait(_: str) -> None:
            await released.wait()

        world.site.before = wait
        world.site.gives("/a.jpg", encoded(scene(1600, 1200), "JPEG", camera_exif(6)))
        alert = await world.file(child=child_with(world.url("/a.jpg")))
        assert world.objects(alert) == [], "the case was answered while its photo is on its way"
        released.set()
        await world.until_photo(alert, "made")
        pictures = [path.read_bytes() for path in world.objects(alert)]
        assert len(pictures) == len(WIDTHS)
        assert all(plain_size(one) is not None for one in pictures)
        opened = Image.open(BytesIO(pictures[0]))
        assert opened.height > opened.width, "it is upright"
        assert world.site.asked == ["/a.jpg"]
        [(wanted,)] = await deployment.query("select wanted from page where alert_id = $1", UUID(alert))
        assert wanted >= 2, "the page is made anew"
        assert await world.alarms() == []


async def test_another_photo_takes_the_place_of_the_one_before(deployment: Deployment) -> None:
    """A picture that was wrong is shown no more as soon as the case says so; its objects go."""
    async with photo_world(deployment) as world:
        world.site.gives("/a.jpg", encoded(scene(400, 300, 1), "JPEG"))
        world.site.gives("/b.jpg", encoded(scene(400, 300, 2), "JPEG"))
        alert = await world.file(child=child_with(world.url("/a.jpg")))
        await world.until_photo(alert, "made")
        before = world.objects(alert)
        update = {"case_number": CASE["case_number"], "reason": "a newer photo", "child": {}}
        update["child"] = {"photo_url": world.url("/b.jpg")}
        status, answer = await send_case(world.server.url, "sz/updates", deployment.secret, msgspec.json.encode(update))
        assert status == 200, answer
        await world.until_photo(alert, "made", wish=2)

        async def is_tidy() -> bool:
            return len(world.objects(alert)) == len(WIDTHS)

        await until(is_tidy)
        assert not set(before) & set(world.objects(alert))


async def test_a_photo_that_is_not_there_yet_is_tried_again(deployment: Deployment) -> None:
    """The police's server answers 503 at first: the photo follows when it is there, and nothing else waited for it."""
    async with photo_world(deployment) as world:
        world.site.gives("/a.jpg", b"", "503 Service Unavailable")
        alert = await world.file(child=child_with(world.url("/a.jpg")))

        async def asked() -> bool:
            return len(world.site.asked) >= 2

        await until(asked)
        world.site.gives("/a.jpg", encoded(scene(400, 300), "JPEG"))
        await world.until_photo(alert, "made")
        await deployment.sent(world.server, alert)


@pytest.mark.parametrize(
    ("photo_url", "fault"),
    [("https://10.0.0.1/a.jpg", "internal_address"), ("/page.html", "not_a_picture"), ("/b.jpg", "broken")],
)
async def test_a_photo_that_cannot_be_had_is_an_alarm(deployment: Deployment, photo_url: str, fault: str) -> None:
    """It stands until there is another one."""
    async with photo_world(deployment) as world:
        world.site.gives("/page.html", b"<html>a login page</html>")
        world.site.gives("/b.jpg", encoded(scene(400, 300), "JPEG")[:2000])
        address = photo_url if photo_url.startswith("https") else world.url(photo_url)
        alert = await world.file(child=child_with(address))
        await world.until_photo(alert, "refused")

        async def stands() -> bool:
            return await world.alarms() == [fault]

        await until(stands)
        sent = {"case_number": CASE["case_number"], "photo_data": data_uri(encoded(scene(200, 200), "PNG"), "png")}
        assert (await world.send(sent))[0] == 200
        await world.until_photo(alert, "made", wish=2)

        async def is_over() -> bool:
            return await world.alarms() == []

        await until(is_over)


async def test_a_photo_within_the_case_needs_no_server(deployment: Deployment) -> None:
    """A data address: it is kept apart from the case, so that the same case may be filed again without it."""
    async with photo_world(deployment) as world:
        photo = data_uri(encoded(scene(300, 300), "JPEG", camera_exif(), quality=60))
        alert = await world.file(photo_data=photo)
        await world.until_photo(alert, "made")
        assert len(world.objects(alert)) == len(WIDTHS)
        status, answer = await deployment.file(world.server)
        assert (status, answer["alert"]["id"]) == (200, alert)
        [(content,)] = await deployment.query("select content::text from child_case")
        assert "base64" not in content
        status, answer = await deployment.file(world.server, case_number="SZ-2", photo_data="data:image/png;base64,?")
        assert (status, answer["errors"][0]["path"]) == (422, "$.photo_data")


async def test_a_photo_of_20_mb_is_sent_after_the_case(deployment: Deployment) -> None:
    """Signed JSON with a HEIC of a phone; a retry gets the first answer; unsigned, unknown and late ones get none."""
    async with photo_world(deployment) as world:
        alert = await world.file()
        assert await world.photo(alert) is None
        data = heic(scene(2000, 1500), camera_exif(6), bytes_least=19_900_000)
        sent = {"case_number": CASE["case_number"], "photo_data": data_uri(data, "heic")}
        status, answer = await world.send(sent, "msg_photo")
        assert (status, answer["alert"]["id"]) == (200, alert)
        assert await world.send(sent, "msg_photo") == (status, answer)
        await world.until_photo(alert, "made")
        row = await world.photo(alert)
        assert row is not None
        assert row.given is None, "what came is kept no longer than it takes"
        assert (await world.send({**sent, "case_number": "SZ-unknown"}))[0] == 404
        assert (await world.send({**sent, "photo_data": "data:text/html;base64,PGI+"}))[0] == 422
        deployment.secret, secret = "whsec_" + base64.b64encode(bytes(32)).decode(), deployment.secret
        assert (await world.send(sent))[0] == 401
        deployment.secret = secret
        assert (await deployment.post(f"{world.server.url}/v1/alerts/{alert}/found", WHY))[0] == 200
        assert (await world.send(sent))[0] == 409
        events = await deployment.query("select 1 from audit_event where content like '%\"photo\"%'")
        assert len(events) == 1


async def _silent(world: World, address: str, **headers: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Begin to send a photo from an address of this machine, and send no more of it."""
    host, port = world.server.address
    reader, writer = await asyncio.open_connection(host, port, local_addr=(address, 0))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST /v1/intake/sz/photos HTTP/1.1\r\nHost: {host}\r\n{lines}"
    writer.write(head.encode() + b"Content-Length: 20000000\r\n\r\n" + bytes(100_000))
    await writer.drain()
    return reader, writer


async def test_large_bodies_that_nobody_signed_get_no_place(deployment: Deployment) -> None:
    """What has no signature at all, or an old one, is refused before its body is read."""
    async with photo_world(deployment) as world:
        old = signed_headers(deployment.secret, b"{}") | {"webhook-timestamp": "1700000000"}
        for headers in ({}, old):
            reader, writer = await _silent(world, "127.0.0.1", **headers)
            async with asyncio.timeout(60):
                assert (await reader.readline()).startswith(b"HTTP/1.1 401")
            writer.close()


async def test_strangers_who_send_slowly_keep_no_photo_of_the_police_out(deployment: Deployment) -> None:
    """All three places are held by who sends nothing more, with headers as if signed: the slowest loses its own."""
    async with photo_world(deployment, QQ_ALERT_LIMITS__BODY_S="300") as world:
        alert = await world.file()
        headers = signed_headers(deployment.secret, b"not what is sent")
        held = [await _silent(world, f"127.0.0.{number}", **headers) for number in (2, 3, 4)]
        sent = {"case_number": CASE["case_number"], "photo_data": data_uri(encoded(scene(20, 20), "PNG"), "png")}

        async def is_taken() -> bool:
            return (await world.send(sent))[0] == 200

        await until(is_taken, within_s=60)
        await world.until_photo(alert, "made")
        for _, writer in held:
            writer.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_server_that_ends_leaves_the_photo_to_the_next(deployment: Deployment, number: signal.Signals) -> None:
    """The wish is in the record: kill -9 while a photo is on its way loses nothing; who stops gives it back at once."""
    async with photo_world(deployment) as world:
        world.site.gives("/a.jpg", encoded(scene(400, 300), "JPEG"))
        is_asked, never = asyncio.Event(), asyncio.Event()

        async def hang(_: str) -> None:
            is_asked.set()
            await never.wait()

        world.site.before = hang
        alert = await world.file(child=child_with(world.url("/a.jpg")))
        await is_asked.wait()
        await asyncio.to_thread(world.server.end, number)
        world.site.before = None
        if number is signal.SIGKILL:
            # What a process that died holds is free after a while.
            await deployment.query("update case_photo set try_at = now() returning 1")
        await world.start()
        await until_made(world, alert)
        never.set()


async def test_what_is_kept_of_a_photo_goes_with_the_childs_data(deployment: Deployment) -> None:
    """Objects first, then the rows; nothing of it is found afterwards, neither in the record nor on the disk."""
    async with photo_world(deployment, QQ_ALERT_RETENTION__LOOK_S="0.2") as world:
        world.site.gives("/secret-name.jpg", encoded(scene(400, 300), "JPEG", camera_exif()))
        alert = await world.file(child=child_with(world.url("/secret-name.jpg")))
        await world.until_photo(alert, "made")
        assert len(world.objects(alert)) == len(WIDTHS)
        assert (await deployment.post(f"{world.server.url}/v1/alerts/{alert}/found", WHY))[0] == 200
        await deployment.pass_time(1_000)

        async def is_closed() -> bool:
            return bool((await deployment.query("select state from alert"))[0][0] == "closed")

        await until(is_closed)
        assert world.objects(alert) == []
        assert await world.photo(alert) is None
        found = [path for path in (deployment.folder / "objects").rglob("*") if "kept" in path.parts and path.is_file()]
        assert found == []


async def test_objects_that_cannot_be_deleted_keep_the_record_waiting(deployment: Deployment) -> None:
    """The record says that the child's data is deleted only when the pictures are."""
    async with photo_world(deployment, QQ_ALERT_RETENTION__LOOK_S="0.2") as world:
        alert = await world.file(photo_data=data_uri(encoded(scene(100, 100), "JPEG")))
        await world.until_photo(alert, "made")
        folder = deployment.folder / "objects"
        aside = folder.with_name("aside")
        folder.rename(aside)
        folder.write_text("a file where a folder was")
        assert (await deployment.post(f"{world.server.url}/v1/alerts/{alert}/found", WHY))[0] == 200
        await deployment.pass_time(1_000)

        async def is_tried() -> bool:
            return "deletion.objects_left" in deployment.log.read_text(encoding="utf-8")

        await until(is_tried)
        assert await deployment.query("select 1 from case_photo")
        folder.unlink()
        aside.rename(folder)

        async def is_closed() -> bool:
            return bool((await deployment.query("select state from alert"))[0][0] == "closed")

        await until(is_closed)
        assert world.objects(alert) == []


async def test_nothing_is_fetched_for_a_case_that_nobody_believes_yet(deployment: Deployment, pool: Pool) -> None:
    """Anybody may file without a signature: a photo is asked for once a person approved it, and not after its end."""
    server = await deployment.server()
    await deployment.file(server, child=child_with("https://police.example/a.jpg"))
    held = timedelta(0)
    for unverified, state, is_claimed in (
        ("no signature", "in_review", False),
        ("no signature", "sending", True),
        (None, "in_review", True),
        (None, "found", False),
    ):
        text = "update alert set unverified = $1, state = $2, ended_at = now() returning 1"
        await deployment.query(text, unverified, state)
        assert (await sql.photos.claim(pool, held) is not None) is is_claimed, (unverified, state)


CASES: list[dict[str, Any]] = [
    {},
    {"child": {"name": "小明", "photo_url": "https://police.example/1.jpg"}},
    {"child": None, "children": [{"name": "小明"}, {"name": "小红", "photo_url": "https://police.example/2.jpg"}]},
    {"child": None, "subject": {"kind": "dementia", "name": "老王", "photo_url": "https://police.example/3.jpg"}},
    {
        "photos": [
            {"url": "https://police.example/4.jpg", "of": "companion"},
            {"url": "https://police.example/5.jpg", "of": "vehicle"},
            {"url": "https://police.example/6.jpg", "of": "child"},
            {"url": "https://police.example/7.jpg", "of": "child"},
        ]
    },
    {"photos": [{"url": "https://police.example/8.jpg", "of": "companion"}]},
]


@pytest.mark.parametrize("changes", CASES)
async def test_the_record_finds_the_photo_that_the_case_has(pool: Pool, changes: dict[str, Any]) -> None:
    """The function of the database and that of the intake name the same one: never a companion's or a vehicle's."""
    told = {name: value for name, value in {**CASE, **changes}.items() if value is not None}
    case = read_case(msgspec.json.encode(told))
    assert isinstance(case, Case)
    first = next(iter(pictures_of_missing(case)), None)
    assert await pool.fetchval("select case_photo_url($1::jsonb)", kept(case).decode()) == first


async def test_the_examples_have_the_photo_that_their_case_has(pool: Pool) -> None:
    """The same of the examples."""
    for path in EXAMPLES.glob("*.json"):
        told = json.loads(path.read_text(encoding="utf-8").replace("2026-11-23", SEEN_ON))
        case = read_case(msgspec.json.encode(told))
        assert isinstance(case, Case)
        first = next(iter(pictures_of_missing(case)), None)
        assert await pool.fetchval("select case_photo_url($1::jsonb)", kept(case).decode()) == first


def test_places_of_cameras_stay_out_of_what_is_kept() -> None:
    """The picture that the tests send does have a place: its absence above means something."""
    opened = Image.open(BytesIO(encoded(scene(40, 30), "JPEG", camera_exif())))
    assert opened.getexif().get_ifd(0x8825)[4] == pytest.approx((116, 23, 28.5), abs=0.01)
    assert BEIJING[0] == pytest.approx(116 + 23 / 60 + 28.5 / 3600, abs=1e-4)
