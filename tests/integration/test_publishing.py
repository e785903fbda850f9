"""Pages follow the record: published when sending begins, changed with the alert, and gone when it is over."""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import aiohttp

from public.objects import Trouble, objects_of
from public.publishing.publisher import Publisher
from public.settings import PublicSettings
from runtime.page_codes import code_of
from sql.database import connect, open_pool
from tests.support.alarms import until_alarmed, until_cleared
from tests.support.processes.deployment import CASE
from tests.support.processes.own_metrics import OwnMetrics
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env, public_site
from tests.support.processes.seaweedfs import environment_of, seaweedfs
from tests.support.public.pages import AROUND
from tests.support.public.slow_objects import SlowObjects
from tests.support.public.strangers import objects_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

OVER = "This alert is over"
DELETED = "update alert set child_deleted_at = now(), content = '{\"texts\": {}}' where id = $1"
WHY = {"reason": "because of a test", "case_number": CASE["case_number"]}


class Site:
    """What somebody sees of a page at serve-public."""

    def __init__(self, url: str, alert: str) -> None:
        self.code = code_of(UUID(alert))
        self._url = url

    async def get(self, path: str = "/en") -> tuple[int, str]:
        """Return status and text of what is below the page's address."""
        async with aiohttp.ClientSession() as session, session.get(f"{self._url}/p/{self.code}{path}") as answer:
            return answer.status, await answer.text()

    async def shows(self, text: str) -> bool:
        """Tell whether the page has a text."""
        return text in (await self.get())[1]

    async def lives(self) -> bool:
        """Tell whether the page is there and says who is missing, and its state says so, too."""
        page, state = await self.get(), await self.get("/state.json")
        return page[0] == 200 and "<dl>" in page[1] and '"live"' in state[1]

    async def is_over(self) -> bool:
        """Tell whether page and state say that the alert is over, and nothing else."""
        page, state = await self.get(), await self.get("/state.json")
        return OVER in page[1] and CASE["child"]["name"] not in page[1] and state == (200, '{"state":"over"}')


async def _filed(deployment: Deployment, server: Process, **changes: object) -> str:
    _, answer = await deployment.file(server, **changes)
    alert: str = answer["alert"]["id"]
    return alert


async def _act(deployment: Deployment, server: Process, alert: str, action: str, **body: object) -> None:
    status, answer = await deployment.post(f"{server.url}/v1/alerts/{alert}/{action}", WHY | body)
    assert status == 200, answer


async def _objects(deployment: Deployment, code: str) -> set[str]:
    objects = objects_for(deployment)
    found = await objects.list(f"published/p/{code}")
    assert not isinstance(found, Trouble)
    return {one.path.rpartition("/")[2] for one in found}


async def test_a_page_lives_as_long_as_its_alert(deployment: Deployment) -> None:
    """Published when sending begins, changed by an update, over after the end, and back after a reopening."""
    await deployment.provider()
    await deployment.people(200)
    own = OwnMetrics.free()
    server = await deployment.server(**public_env(deployment), **own.env)
    alert = await _filed(deployment, server)
    site = Site((await public_site(deployment)).url, alert)
    await until(site.lives)
    for path, name in (("", "小明"), ("/zh-CN", "蓝色校服"), ("/en", "莲花山公园")):
        assert name in (await site.get(path))[1]

    await deployment.sent(server, alert)
    words = {"title": "Missing child", "body": "seen at the station with a red bag"}
    texts = {"en": words, "zh-CN": words}
    await _act(deployment, server, alert, "update", texts=texts)
    await until(lambda: site.shows("seen at the station with a red bag"))
    await _act(deployment, server, alert, "pause")
    await _act(deployment, server, alert, "found")
    await until(site.is_over)
    assert await _objects(deployment, site.code) == {"index.zh-CN.html", "index.en.html", "state.json"}

    await _act(deployment, server, alert, "reopen")
    await until(site.lives)
    await _act(deployment, server, alert, "cancel")
    await until(site.is_over)

    async def is_in_time() -> bool:
        return "qq_alert_page_lag_seconds 0.0" in await own.text()

    await until(is_in_time)


async def test_what_nobody_was_notified_of_has_no_page(deployment: Deployment) -> None:
    """In review there is none, and none after a withdrawal: its code is answered like one that there never was."""
    server = await deployment.server(**public_env(deployment))
    await deployment.query("update authority set review = 'approve'")
    alert = await _filed(deployment, server)
    site = Site((await public_site(deployment)).url, alert)
    await _act(deployment, server, alert, "cancel")
    await until(partial(_is_made, deployment, alert))
    unknown = Site(site._url, "00000000-0000-0000-0000-000000000000")  # noqa: SLF001 - of this test
    assert await site.get() == await unknown.get()
    assert (await site.get())[0] == 404


async def _is_made(deployment: Deployment, alert: str) -> bool:
    [row] = await deployment.query("select made = wanted from page where alert_id = $1", alert)
    return bool(row[0])


async def test_an_alert_whose_time_is_over_has_a_page_that_says_so(deployment: Deployment) -> None:
    """At its expiry the page is taken away without anybody asking for it, and stays so when the data is deleted."""
    await deployment.provider()
    await deployment.people(200)
    server = await deployment.server(**public_env(deployment))
    alert = await _filed(deployment, server)
    site = Site((await public_site(deployment)).url, alert)
    await until(site.lives)
    await deployment.sent(server, alert)
    await deployment.pass_time(100.0)
    await until(site.is_over)
    await deployment.query(
        "update alert set child_deleted_at = now(), content = '{\"texts\": {}}' where id = $1", alert
    )
    await until(partial(_is_made, deployment, alert))
    assert await site.is_over()


async def test_an_exercise_has_a_page_that_says_so(deployment: Deployment) -> None:
    """Whoever opens it reads first that nobody is missing."""
    await deployment.provider()
    server = await deployment.server(**public_env(deployment))
    alert = await _filed(deployment, server, status="exercise")
    site = Site((await public_site(deployment)).url, alert)
    await until(lambda: site.shows("EXERCISE. Nobody is missing."))


async def test_pages_are_published_into_a_bucket(deployment: Deployment, tmp_path: Path) -> None:
    """Servers and serve-public share a real S3 store; while it is away pages wait, with an alarm, and then go on."""
    await deployment.provider()
    await deployment.people(200)
    (tmp_path / "s3").mkdir()
    async with seaweedfs(tmp_path / "s3") as settings:
        env = environment_of(settings)
        server = await deployment.server(**public_env(deployment) | env)
        alert = await _filed(deployment, server)
        site = Site((await public_site(deployment, **env)).url, alert)
        await until(site.lives)
        await deployment.sent(server, alert)
    await _act(deployment, server, alert, "found")
    await until_alarmed(deployment, server, "page_behind")
    async with seaweedfs(tmp_path / "s3", settings) as settings:
        await until(site.is_over)
        await until_cleared(deployment, server, "page_behind")


async def test_several_servers_share_the_pages(deployment: Deployment) -> None:
    """Two servers make the pages of many alerts; when one is killed, the other makes what it left."""
    await deployment.provider()
    await deployment.people(200)
    servers = [await deployment.server(**public_env(deployment)) for _ in range(2)]
    alerts = [await _filed(deployment, servers[0], case_number=f"SZ-{number}") for number in range(6)]
    url = (await public_site(deployment)).url
    sites = [Site(url, alert) for alert in alerts]
    for site in sites:
        await until(site.lives)
    servers[1].end(signal.SIGKILL)
    for number, alert in enumerate(alerts):
        await _act(deployment, servers[0], alert, "found", case_number=f"SZ-{number}")
    for site in sites:
        await until(site.is_over)


async def test_a_publisher_that_lost_its_page_has_it_made_once_more(deployment: Deployment, tmp_path: Path) -> None:
    """One stands still while it publishes a live page, and goes on after another one has said that it is over.

    It learns that it lost the page, publishes nothing any more, and wishes the page once more, at once and when all
    that it had begun is written: in the end the page is over.
    """
    server = await deployment.server()
    alert = await _filed(deployment, server)
    await until(partial(_is_sending, deployment, alert))
    await deployment.close()
    pool = await open_pool(deployment.database_url)
    listen = partial(connect, deployment.database_url)
    slow, quick = SlowObjects(tmp_path / "p"), objects_of(PublicSettings(objects=(tmp_path / "p").as_uri()), tmp_path)
    first, second = (Publisher(pool, listen, objects, AROUND) for objects in (slow, quick))
    state = f"published/p/{code_of(UUID(alert))}/state.json"

    slow.waits = lambda *_: True
    stuck = asyncio.create_task(first.publish_one())
    await slow.waiting.wait()
    await deployment.query("update page set held_until = now() - interval '1 second'")
    await deployment.query("update page set first_made_at = now()")
    await deployment.query("update alert set state = 'found', ended_at = now() where id = $1", alert)
    assert await second.publish_one()
    assert await quick.get(state) == b'{"state":"over"}'
    slow.go_on.set()
    assert await stuck is False
    assert await quick.get(state) == b'{"state":"over"}'
    for again in ("at once", "when all is written"):
        await quick.put(state, b'{"state":"live"}')
        assert await second.publish_one(), again
        assert await quick.get(state) == b'{"state":"over"}', again
        await deployment.query("update page set settle_at = now() where settle_at > now()")
    await pool.close()


async def _is_sending(deployment: Deployment, alert: str) -> bool:
    [row] = await deployment.query("select state in ('sending', 'sent') from alert where id = $1", alert)
    return bool(row[0])
