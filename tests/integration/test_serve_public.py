"""What `qq-alert serve-public` serves: published objects and nothing else, without any way to the stores."""

from __future__ import annotations

import asyncio
import gzip
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

import aiohttp
import msgspec
import pytest

from handlers.public.serving.cache import MISSING_MAX, ObjectCache
from public.cache_control import PAGE_CACHE, PICTURE_CACHE
from public.objects import Objects, Trouble, objects_of
from public.pages.rendering import over_page, state_of
from public.publishing.site import Assets, put_page
from public.settings import PublicSettings
from public.sightings.intake.inbox_sealing import KEY_PATH, InboxKeys, PublishedKey
from tests.integration.test_tls import issued, written
from tests.support.processes.processes import UNTIL_S, Process, until
from tests.support.processes.public_site import public_env, public_site
from tests.support.public.pages import AROUND, example, source
from tests.support.public.strangers import objects_for

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

CODE = "23456789ab"
PAGE = b"<!doctype html><style>p{color:red}</style><p>Missing</p>" + b" " * 500


def _objects(deployment: Deployment) -> Objects:
    return objects_for(deployment)


async def test_a_published_page_is_served_with_what_protects_it(deployment: Deployment) -> None:
    """Page, state, picture and module come with their type, how long they may be kept, and what they may load."""
    objects = _objects(deployment)
    await objects.put(f"published/p/{CODE}/index.zh-CN.html", PAGE)
    await objects.put(f"published/p/{CODE}/state.json", b'{"state":"live"}')
    await objects.put(f"published/p/{CODE}/photo.0011aabb.jpg", b"\xff\xd8picture")
    await objects.put("published/static/page.0011aabb.js", b"export {};")
    site = await public_site(deployment)
    async with aiohttp.ClientSession(site.url, auto_decompress=False) as session:
        for path in (f"/p/{CODE}", f"/p/{CODE}/zh-CN"):
            async with session.get(path) as page:
                assert page.status == 200
                assert gzip.decompress(await page.read()) == PAGE
                assert page.headers["Cache-Control"] == PAGE_CACHE
                assert page.headers["X-Robots-Tag"] == "noindex, noarchive"
                assert "Set-Cookie" not in page.headers
                policy = page.headers["Content-Security-Policy"]
                assert "style-src 'sha256-" in policy
                assert "unsafe" not in policy
        async with session.get(f"/p/{CODE}", headers={"If-None-Match": page.headers["ETag"]}) as again:
            assert (again.status, await again.read()) == (304, b"")
        async with session.get(f"/p/{CODE}", headers={"Accept-Encoding": "identity"}) as plain:
            assert await plain.read() == PAGE
        async with session.head(f"/p/{CODE}", headers={"Accept-Encoding": "identity"}) as head:
            assert (head.status, head.headers["Content-Length"]) == (200, str(len(PAGE)))
        async with session.get(f"/p/{CODE}/photo.0011aabb.jpg") as photo:
            assert (photo.content_type, photo.headers["Cache-Control"]) == ("image/jpeg", PICTURE_CACHE)
        async with session.get("/static/page.0011aabb.js") as module:
            assert module.content_type == "text/javascript"


@pytest.mark.parametrize(
    "path",
    [
        "/p/zzzzzzzzzz",
        "/p/zzzzzzzzzz/en",
        "/p/zzzzzzzzzz/state.json",
        f"/p/{CODE}/..%2f..%2fkept%2fphotos%2fsecret.jpg",
        f"/p/{CODE}/photo...%2f..%2f..%2f..%2fkept%2fphotos%2fsecret.jpg",
        "/kept/photos/secret.jpg",
        "/published/sighting-key",
        "/static/../../kept/photos/secret.jpg",
        "/inbox/reports/1",
    ],
)
async def test_nothing_but_what_is_published_is_reached_by_any_address(deployment: Deployment, path: str) -> None:
    """Pictures that are kept, reports and keys have no address, however it is written."""
    await _objects(deployment).put("kept/photos/secret.jpg", b"kept")
    site = await public_site(deployment)
    async with aiohttp.ClientSession(site.url) as session, session.get(path) as answer:
        assert answer.status == 404
        assert b"kept" not in await answer.read()


async def test_a_change_of_an_object_is_served_a_moment_later(deployment: Deployment) -> None:
    """The cache in memory is as old as its bound: what replaces a page is served, and what is deleted is gone."""
    objects = _objects(deployment)
    path = f"published/p/{CODE}/state.json"
    await objects.put(path, b"live")
    site = await public_site(deployment)
    async with aiohttp.ClientSession(site.url) as session:

        async def answer() -> tuple[int, bytes]:
            async with session.get(f"/p/{CODE}/state.json") as response:
                return response.status, await response.read()

        assert await answer() == (200, b"live")
        await objects.put(path, b"over")

        async def is_over() -> bool:
            return await answer() == (200, b"over")

        async def is_gone() -> bool:
            return await answer() == (404, b"404")

        await until(is_over)
        await objects.delete([path])
        await until(is_gone)


async def test_the_process_has_no_way_to_a_store_and_ends_in_order(deployment: Deployment) -> None:
    """Even where it is told their addresses: it has no socket but that of its clients; a signal ends it with code 0.

    A server that is told the same addresses knocks at each.
    """
    async with Doors() as postgres, Doors() as redis:
        of_stores = {
            "QQ_ALERT_DATABASE__URL": f"postgresql://app:secret@{postgres.address}/app",
            "QQ_ALERT_REDIS__URL": f"redis://{redis.address}",
        }
        site = await public_site(deployment, **of_stores)
        async with aiohttp.ClientSession(site.url) as session:
            for path, status in (("/health", 200), (f"/p/{CODE}", 404), ("/s/receipt/2222222222222", 503)):
                async with session.get(path) as answer:
                    assert answer.status == status, path
            async with session.post(f"/b/{CODE}", data=b"x") as beacon:
                assert beacon.status == 204
            ports = _own_ports(site.pid)
            assert set(ports) == {site.address[1]}
            assert len(ports) > 1, "the connection of this test is seen"
        assert site.end(signal.SIGTERM) == 0
        assert (postgres.knocks, redis.knocks) == (0, 0)
        for name, door in (("QQ_ALERT_DATABASE__URL", postgres), ("QQ_ALERT_REDIS__URL", redis)):
            server = Process("serve", env=deployment.env(**{name: of_stores[name]}), log=deployment.log)
            deployment.own(server)
            await asyncio.wait_for(door.knocked.wait(), UNTIL_S)
            server.end(signal.SIGKILL)


async def test_a_process_that_can_serve_nothing_is_alive_and_not_ready(deployment: Deployment) -> None:
    """Without a key of a server no report is taken in; without objects no page is served; each is said."""
    objects, folder = _objects(deployment), deployment.folder / "objects"
    site = await public_site(deployment)
    async with aiohttp.ClientSession(site.url) as session:

        async def says(status: int, pages: str, reports: str) -> None:
            async def is_said() -> bool:
                async with session.get("/ready") as answer:
                    found = await answer.json()
                    return (answer.status, found["pages"], found["reports"]) == (status, pages, reports)

            await until(is_said)

        await says(503, "ok", "away")
        await objects.put(KEY_PATH, msgspec.json.encode(PublishedKey(key=InboxKeys([b"key"]).public)))
        await says(200, "ok", "ok")
        folder.rename(deployment.folder / "elsewhere")
        folder.write_bytes(b"a file where the folder was")
        await says(503, "away", "away")
        async with session.get("/health") as health:
            assert health.status == 200


async def test_a_process_that_stops_says_so_before_it_closes(deployment: Deployment) -> None:
    """For `drain_s` it is not ready and still serves, so that whoever balances the load sends nobody there any more."""
    objects = _objects(deployment)
    await objects.put(f"published/p/{CODE}/state.json", b"live")
    await objects.put(KEY_PATH, msgspec.json.encode(PublishedKey(key=InboxKeys([b"key"]).public)))
    site = await public_site(deployment, QQ_ALERT_DRAIN_S="300")
    async with aiohttp.ClientSession(site.url) as session:

        async def status() -> str:
            async with session.get("/ready") as answer:
                found: str = (await answer.json())["status"]
                return found if answer.status == (200 if found == "ready" else 503) else "neither"

        async def is_ready() -> bool:
            return await status() == "ready"

        async def is_stopping() -> bool:
            return await status() == "stopping"

        await until(is_ready)
        os.kill(site.pid, signal.SIGTERM)
        await until(is_stopping)
        async with session.get(f"/p/{CODE}/state.json") as page:
            assert page.status == 200
    site.end(signal.SIGKILL)


async def test_a_certificate_that_would_not_be_used_is_refused(deployment: Deployment) -> None:
    """Whoever configures TLS does not find plain HTTP served instead."""
    certificate, key = written(deployment.folder, "public", issued("alerts.example"))
    tls = {"QQ_ALERT_TLS__CERTIFICATE": str(certificate), "QQ_ALERT_TLS__KEY": str(key)}
    env = public_env(deployment, QQ_ALERT_PUBLIC__LISTEN="127.0.0.1:0", **tls)
    log = deployment.folder / "serve-public.log"
    process = Process("serve-public", env=env, log=log)
    deployment.own(process)

    async def has_ended() -> bool:
        return not process.alive

    await until(has_ended)
    assert "serve-public has no TLS of its own" in log.read_text(encoding="utf-8")


async def test_a_beacon_that_is_not_sent_ends(deployment: Deployment) -> None:
    """Its sender holds no connection for good."""
    await _objects(deployment).put(f"published/p/{CODE}/state.json", b"live")
    site = await public_site(deployment, QQ_ALERT_LIMITS__BODY_S="0.5")
    reader, writer = await asyncio.open_connection(*site.address)
    writer.write(f"POST /b/{CODE} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nx".encode())
    assert (await asyncio.wait_for(reader.read(), UNTIL_S)).startswith(b"HTTP/1.1 204")
    writer.close()


class Doors:
    """Listens as a store would, counts who comes, and closes at once."""

    def __init__(self) -> None:
        self.knocks = 0
        self.knocked = asyncio.Event()
        self.address = ""
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._count, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.address = f"{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    def _count(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.knocks += 1
        self.knocked.set()
        writer.close()


def _own_ports(pid: int) -> list[int]:
    """Return the local port of each TCP socket that a process holds, by the inodes of its open files."""
    process = Path(f"/proc/{pid}")
    opened = {str(one.readlink()) for one in (process / "fd").iterdir()}
    lines = [line for name in ("tcp", "tcp6") for line in (process / "net" / name).read_text("ascii").splitlines()[1:]]
    rows = [line.split() for line in lines]
    return [int(row[1].rpartition(":")[2], 16) for row in rows if f"socket:[{row[9]}]" in opened]


async def test_a_flood_of_unknown_codes_fills_no_memory(tmp_path: Path) -> None:
    """What is not there is remembered in a bounded number of paths, and a page that is asked for stays in memory."""
    objects = objects_of(PublicSettings(), tmp_path)
    await objects.put("published/p/page", b"page")
    cache = ObjectCache(objects)
    assert not isinstance(await cache.get("published/p/page"), Trouble)
    for number in range(MISSING_MAX + 100):
        assert await cache.get(f"published/p/{number}") is Trouble.MISSING
    assert len(cache._missing) == MISSING_MAX  # noqa: SLF001 - the bound itself
    assert not isinstance(await cache.get("published/p/page"), Trouble)
    await cache.close()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_page_whose_time_is_over_says_so_while_no_server_is_there(
    deployment: Deployment, language: str
) -> None:
    """A minute after its expiry page and state are those of an alert that is over; before that as published."""
    objects = _objects(deployment)
    over, live = "zzzzzzzzzz", "yyyyyyyyyy"
    for code, ago in ((over, timedelta(minutes=2)), (live, timedelta(seconds=10))):
        made = source(example("lost-at-a-park"), code=code, expires=datetime.now(UTC) - ago)
        assert await put_page(objects, made, Assets(), AROUND) is None
    site = await public_site(deployment)
    async with aiohttp.ClientSession(site.url) as session:
        for code, is_over in ((over, True), (live, False)):
            async with session.get(f"/p/{code}/{language}") as page, session.get(f"/p/{code}/state.json") as state:
                assert (await page.read() == over_page(language, AROUND)) is is_over
                assert (await state.read() == state_of(None)) is is_over


@pytest.mark.parametrize("cut", [1, 4, 20, 60])
async def test_a_request_within_a_header_is_no_request(deployment: Deployment, cut: int) -> None:
    """However TCP cuts it, a request that stands in another one's header is not answered: a cache would keep it."""
    objects = _objects(deployment)
    await objects.put(f"published/p/{CODE}/index.zh-CN.html", PAGE)
    site = await public_site(deployment)
    async with aiohttp.ClientSession(site.url) as session, session.get(f"/p/{CODE}") as page:
        assert page.status == 200
    reader, writer = await asyncio.open_connection(*site.address)
    inner = f"GET /p/{CODE} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    outer = b"GET /unknown HTTP/1.1\r\nX-Other: " + b"a" * cut
    for part in (outer, inner):
        writer.write(part)
        await writer.drain()
        # Both parts are read apart from each other: the second is sent when the first has been taken.
        async with aiohttp.ClientSession(site.url) as session, session.get("/health"):
            pass
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    assert answer.startswith(b"HTTP/1.1 404")
    writer.close()


async def test_one_connection_has_answers_of_both_ways_in_their_order(deployment: Deployment) -> None:
    """Pages from memory, beacons, what is not there, and conditions take turns on one connection."""
    objects = _objects(deployment)
    await objects.put(f"published/p/{CODE}/index.zh-CN.html", PAGE)
    site = await public_site(deployment)
    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(site.url, connector=connector) as session:
        for _ in range(20):
            async with session.get(f"/p/{CODE}") as page:
                assert (page.status, await page.read()) == (200, PAGE)
            async with session.get(f"/p/{CODE}", headers={"If-None-Match": page.headers["ETag"]}) as again:
                assert again.status == 304
            async with session.post(f"/b/{CODE}", data=b"x") as beacon:
                assert beacon.status == 204
            async with session.get("/p/zzzzzzzzzz") as unknown:
                assert unknown.status == 404
