"""A child that was found is gone through a real nginx with the shipped configuration, whether its origin lives or not.

It takes a minute, because what is shipped keeps pages for seconds that cannot be made shorter without testing something
else: it watches two sites at once.
"""

from __future__ import annotations

import asyncio
import signal
import ssl
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import aiohttp

from handlers.public.serving.cache import AGE_S
from public.publishing.site import Assets, put_modules, put_over, put_page
from tests.integration.test_tls import issued, written
from tests.support.processes.nginx import SHIPPED_PUBLIC, nginx
from tests.support.processes.public_site import public_site
from tests.support.public.pages import AROUND, CODE, example, source
from tests.support.public.strangers import objects_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment

MAX_AGE_S: Final = 15.0
KILLED_S: Final = 60.0
BUSY_S: Final = 5.0
"""For a revalidation and a request on a machine that does other work; a page that is kept longer is kept for good."""

READERS: Final = 4
EVERY_S: Final = 0.05


class Watch:
    """Readers of a page through nginx, who note when they last saw that somebody is missing."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.last_seen_s = 0.0
        self.seen = 0
        self.gone = 0

    async def read(self, until_s: float) -> None:
        """Read page and state on and on."""
        loop = asyncio.get_running_loop()
        while loop.time() < until_s:
            for path in (f"/p/{CODE}/en", f"/p/{CODE}/state.json"):
                async with self._session.get(path) as answer:
                    text = await answer.text()
                if answer.status == 200 and ("<dl>" in text or '"live"' in text):
                    self.last_seen_s, self.seen = loop.time(), self.seen + 1
                elif "over" in text or answer.status >= 500:
                    self.gone += 1
            await asyncio.sleep(EVERY_S)


async def test_after_the_end_nobody_sees_the_page_of_before(deployment: Deployment) -> None:
    """Within 15 seconds and one revalidation where serve-public lives, within 60 where it was killed at that moment."""
    certificate, key = written(deployment.folder, "nginx", issued("alerts.example"))
    context = ssl.create_default_context(cafile=str(certificate))
    objects = objects_for(deployment)
    assert await put_modules(objects) is None
    assert await put_page(objects, source(example("lost-at-a-park")), Assets(), AROUND) is None
    origins = [await public_site(deployment) for _ in range(2)]
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        watches: list[Watch] = []
        for number, origin in enumerate(origins):
            folder = deployment.folder / f"nginx-{number}"
            folder.mkdir()
            changes = {"/var/cache/nginx/qq-alert": str(folder / "cache")}
            shipped = nginx(folder, origin.url, certificate, key, shipped=SHIPPED_PUBLIC, changes=changes)
            url = await stack.enter_async_context(shipped)
            connector = aiohttp.TCPConnector(ssl=context, limit=0)
            watches.append(Watch(await stack.enter_async_context(aiohttp.ClientSession(url, connector=connector))))
        living, orphaned = watches
        before = [asyncio.create_task(watch.read(loop.time() + 1.0)) for watch in watches for _ in range(READERS)]
        await asyncio.gather(*before)
        assert living.seen
        assert orphaned.seen

        assert await put_over(objects, CODE, AROUND) is None
        origins[1].end(signal.SIGKILL)
        over_s = loop.time()
        readers = [living.read(over_s + MAX_AGE_S * 2) for _ in range(READERS)]
        readers += [orphaned.read(over_s + KILLED_S + MAX_AGE_S) for _ in range(READERS)]
        await asyncio.gather(*readers)
    assert living.gone
    assert orphaned.gone
    assert living.last_seen_s - over_s <= MAX_AGE_S + AGE_S + BUSY_S
    assert orphaned.last_seen_s - over_s <= KILLED_S + BUSY_S
    # While nobody answered, those who asked a page that was kept got it, for a while, and not an error at once.
    assert orphaned.last_seen_s - over_s >= MAX_AGE_S


async def test_requests_at_once_are_one_at_the_origin_and_reports_are_none_of_them(
    deployment: Deployment, tmp_path: Path
) -> None:
    """A page that nobody had yet is asked for once, whatever stands behind its address; POSTs go through."""
    objects = objects_for(deployment)
    assert await put_page(objects, source(example("lost-at-a-park")), Assets(), AROUND) is None
    origin = await public_site(deployment)
    certificate, key = written(tmp_path, "nginx", issued("alerts.example"))
    changes = {"/var/cache/nginx/qq-alert": str(tmp_path / "cache")}
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(certificate)), limit=0)
    async with (
        nginx(tmp_path, origin.url, certificate, key, shipped=SHIPPED_PUBLIC, changes=changes) as url,
        aiohttp.ClientSession(url, connector=connector) as session,
    ):

        async def get(path: str, **headers: str) -> tuple[int, str, bytes]:
            async with session.get(path, headers=headers) as answer:
                return answer.status, answer.headers.get("Content-Encoding", ""), await answer.read()

        first = await asyncio.gather(*(get(f"/p/{CODE}/en?from={number}") for number in range(50)))
        assert len(set(first)) == 1
        assert first[0][:2] == (200, "gzip")
        assert (await get(f"/p/{CODE}/en", **{"Accept-Encoding": "identity"}))[:2] == (200, "")
        origin.send_signal(signal.SIGSTOP)
        try:
            assert await get(f"/p/{CODE}/en?other") == first[0]
            # Another way to write the address puts nothing in the place of the page.
            assert (await get(f"/p//{CODE}/en"))[0] >= 404
            assert await get(f"/p/{CODE}/en") == first[0]
        finally:
            origin.send_signal(signal.SIGCONT)
        async with session.post(f"/p/{CODE}/en", data=b"x") as answer:
            assert answer.status == 403
        assert (await get("/verify?language=en&code=" + CODE))[0] == 200
