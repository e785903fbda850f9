"""What the public reads is made once, however many read at a time, and readers keep nobody waiting."""

from __future__ import annotations

import asyncio
import gzip
import os
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import aiohttp
import shapely

from handlers.public.alerts import MAX_AGE_S
from tests.support.cap.documents import keys
from tests.support.cap.messages import public_settings
from tests.support.processes.deployment import SHENZHEN
from tests.support.stores.clones import clone

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

ALERTS, READERS, CORNERS = 150, 40, 20_000


def _cpu_s(server: Process) -> float:
    """Return the CPU that a server's process has used so far."""
    fields = Path(f"/proc/{server.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _reads(session: aiohttp.ClientSession, url: str, number: int) -> list[tuple[int, str, bytes]]:
    async def read() -> tuple[int, str, bytes]:
        async with session.get(url) as response:
            return response.status, response.headers.get("ETag", ""), await response.read()

    return await asyncio.gather(*(read() for _ in range(number)))


async def test_the_feed_and_each_message_are_made_once_for_all_who_read_at_a_time(
    deployment: Deployment, tmp_path: Path
) -> None:
    """Forty readers of the feed cost little more than one, and forty of a message get one and the same signature."""
    await deployment.provider()
    await deployment.people(200)
    settings = public_settings(tmp_path, keys(days=36_500))
    server = await deployment.server(**settings)
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    large = shapely.Point(SHENZHEN.longitude, SHENZHEN.latitude).buffer(1.0, quad_segs=CORNERS // 4)
    await clone(deployment, alert, ALERTS, shapely.to_wkb(shapely.MultiPolygon([large])))
    public = f"{server.url}/v1/public"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=READERS)) as session:
        began_s = _cpu_s(server)
        many = await _reads(session, f"{public}/alerts.atom", READERS)
        many_s = _cpu_s(server) - began_s
        assert {one[0] for one in many} == {200}
        assert len({one[1] for one in many}) == 1
        assert many[0][2].count(b"<entry>") == 100
        # Another server has made nothing yet.
        cold = await deployment.server(**settings)
        began_s = _cpu_s(cold)
        assert (await _reads(session, f"{cold.url}/v1/public/alerts.atom", 1))[0][0] == 200
        one_s = _cpu_s(cold) - began_s
        # Made anew for each of them it would be forty times as much.
        assert many_s < READERS / 4 * one_s
        twin = str((await deployment.query("select id from alert where id <> $1 limit 1", alert))[0][0])
        signed = await _reads(session, f"{public}/alerts/{twin}/cap", READERS)
        assert {one[0] for one in signed} == {200}
        assert len({one[2] for one in signed}) == 1, "signed more than once: each signature is another"
        assert {one[0] for one in await _reads(session, f"{public}/alerts/{uuid4()}/cap", READERS)} == {404}


async def test_everything_public_says_how_long_it_may_be_kept_and_is_not_sent_again_unchanged(
    deployment: Deployment, tmp_path: Path
) -> None:
    """The feed, a message and the document of the API: a tag and an age; 304 for who has it."""
    await deployment.provider()
    await deployment.people(200)
    server = await deployment.server(**public_settings(tmp_path, keys(days=36_500)))
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    ages = {"/v1/public/alerts.atom": MAX_AGE_S, f"/v1/public/alerts/{alert}/cap": MAX_AGE_S, "/openapi.json": 60}
    async with aiohttp.ClientSession() as session:
        for path, age_s in ages.items():
            async with session.get(f"{server.url}{path}") as response:
                assert response.status == 200
                assert response.headers["Cache-Control"] == f"public, max-age={age_s}"
                tag = response.headers["ETag"]
            for method in ("GET", "HEAD"):
                async with session.request(method, f"{server.url}{path}", headers={"If-None-Match": tag}) as response:
                    assert (response.status, await response.read()) == (304, b"")


async def test_what_is_large_and_read_by_many_is_sent_compressed_to_who_takes_that(
    deployment: Deployment, tmp_path: Path
) -> None:
    """The feed and the API's document, to the byte the same, each form with a tag and word for caches of its own."""
    await deployment.provider()
    server = await deployment.server(**public_settings(tmp_path, keys(days=36_500)))
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        for path in ("/openapi.json", "/v1/public/alerts.atom"):
            url = f"{server.url}{path}"
            async with session.get(url, headers={"Accept-Encoding": "identity"}) as plain:
                content = await plain.read()
            async with session.get(url, headers={"Accept-Encoding": "gzip"}) as response:
                compressed = await response.read()
            assert gzip.decompress(compressed) == content
            assert len(compressed) < len(content)
            assert (plain.headers["Vary"], response.headers["Vary"]) == ("Accept-Encoding", "Accept-Encoding")
            assert response.headers["ETag"] != plain.headers["ETag"]
            for tag in (plain.headers["ETag"], response.headers["ETag"]):
                async with session.get(url, headers={"If-None-Match": tag}) as unchanged:
                    assert unchanged.status == 304
