"""The funnel of an alert as it is counted: by real beacons to serve-public, through the inbox, into the record."""

from __future__ import annotations

import asyncio
import random
import signal
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import aiohttp

import sql.deletion
import sql.progress
from handlers.http.roles import Role
from handlers.operators.watching.area import AlertArea
from handlers.operators.watching.funnel import Funnel
from handlers.operators.watching.rates import Rates
from public.funnel.counters import FOLDER
from public.funnel.statistics.page import NUMBERS
from public.funnel.statistics.publishing import StatisticsPublisher
from push.alerts.disclosure.people import Disclosure
from runtime.page_codes import code_of
from server.administration import access
from server.settings import load
from sql.database import RecordPool
from sql.query import query as text_of
from tests.support.processes.deployment import CASE
from tests.support.processes.own_metrics import OwnMetrics
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env, public_site
from tests.support.public.reports import report_of, sealing_of, take
from tests.support.public.strangers import objects_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from public.objects import Objects
    from sql.database import Pool
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

AT_ONCE = 50


class _NotingPool(RecordPool):
    """A pool that notes the queries that it is asked."""

    __slots__ = ("noted",)

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.noted: list[str] = []

    async def fetch(self, query: str, *args: object, **options: Any) -> Any:  # noqa: ANN401 - asyncpg's overloads
        self.noted.append(query)
        return await super().fetch(query, *args, **options)


def _objects(deployment: Deployment) -> Objects:
    return objects_for(deployment)


async def _published(deployment: Deployment, sample: int = 1, people: int = 300, **env: str) -> tuple[Process, str]:
    """File and send a case, and publish the state of its page; returns the server and the alert."""
    await deployment.provider()
    await deployment.people(people)
    server = await deployment.server(**public_env(deployment), **env)
    _, answer = await deployment.file(server)
    alert: str = answer["alert"]["id"]
    await deployment.sent(server, alert)
    await deployment.query(
        "update page set first_made_at = coalesce(first_made_at, now()), sample = $2 where alert_id = $1",
        UUID(alert),
        sample,
    )
    assert await _objects(deployment).put(f"published/p/{code_of(UUID(alert))}/state.json", b"{}") is None
    return server, alert


async def _send(site: Process, alert: str, beacons: Iterable[str]) -> None:
    """Send beacons as browsers do."""
    address = f"{site.url}/b/{code_of(UUID(alert))}"
    room = asyncio.Semaphore(AT_ONCE)
    headers = {"Content-Type": "text/plain;charset=UTF-8"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def send(beacon: str) -> None:
            async with room, session.post(address, data=beacon) as answer:
                assert (answer.status, await answer.read()) == (204, b"")
                assert "Set-Cookie" not in answer.headers

        async with asyncio.TaskGroup() as group:
            for beacon in beacons:
                group.create_task(send(beacon))


async def _funnel(deployment: Deployment, server: Process, alert: str) -> dict[str, Any]:
    found: dict[str, Any] = await deployment.get(f"{server.url}/v1/alerts/{alert}/funnel")
    return found


async def _all_taken(deployment: Deployment, opened: int, server: Process, alert: str) -> dict[str, Any]:
    """Return the funnel once so many opens were counted."""
    found: dict[str, Any] = {}

    async def taken() -> bool:
        found.update(await _funnel(deployment, server, alert))
        page = found["page"]
        return page["opened"]["people"] is not None and page["opened"]["people"] >= opened * page["sample"]

    await until(taken)
    return found


async def test_a_thousand_opens_are_counted_exactly_by_channel(deployment: Deployment) -> None:
    """With N = 1 each beacon counts once: 1,000 opens through every way, 40 shares, 7 posters; over time as well."""
    server, alert = await _published(deployment)
    site = await public_site(deployment)
    opens = ["open p"] * 700 + ["open s"] * 200 + ["open q"] * 60 + ["open"] * 40
    beacons = opens + ["share p"] * 25 + ["copy p"] * 15 + ["poster p"] * 7 + ["call s"] * 3
    random.Random(1).shuffle(beacons)
    await _send(site, alert, [*beacons, "nonsense p", "passed p", "", "open p" + "x" * 100])
    funnel = await _all_taken(deployment, 1000, server, alert)
    assert site.end() == 0
    funnel = await _all_taken(deployment, 1000, server, alert)
    page = funnel["page"]
    assert page["sample"] == 1
    assert page["opened"] == {"people": 1000, "low": 1000, "high": 1000}
    by_channel = {channel: one["people"] for channel, one in page["opened_by"].items()}
    assert by_channel == {"push": 700, "share": 200, "poster": 60, "other": 40}

    async def complete() -> bool:
        page = (await _funnel(deployment, server, alert))["page"]
        return [page[name]["people"] for name in ("shared", "poster", "called")] == [40, 7, 3]

    await until(complete)
    funnel = await _funnel(deployment, server, alert)
    assert (funnel["over_time"][-1]["opened"], funnel["over_time"][-1]["shared"]) == (1000, 40)
    assert funnel["notified"]["people"] == (await deployment.counts())["distinct"] > 0
    assert (funnel["found"], funnel["found_through_alert"]) == (False, None)
    summary = await deployment.get(f"{server.url}/v1/alerts/{alert}/summary")
    assert summary["page"]["opened"]["people"] == 1000


async def test_a_sampled_count_has_the_true_number_in_its_interval(deployment: Deployment) -> None:
    """One view in eight says so, drawn as browsers draw (seeded): 4,000 opens lie within the interval that is shown."""
    server, alert = await _published(deployment, sample=8)
    site = await public_site(deployment)
    draw = random.Random(7)
    drawn = [beacon for _ in range(4000) if draw.random() < 1 / 8 for beacon in ("open p",)]
    await _send(site, alert, drawn)
    opened = (await _all_taken(deployment, len(drawn), server, alert))["page"]["opened"]
    assert opened["people"] == 8 * len(drawn)
    assert opened["low"] <= 4000 <= opened["high"]
    assert opened["high"] - opened["low"] < 1000, "an interval that says something"


async def test_what_is_stored_survives_the_death_of_the_process_that_counted(deployment: Deployment) -> None:
    """After kill -9 all but what came since the last object is there, once; the next process counts on."""
    server, alert = await _published(deployment)
    site = await public_site(deployment)
    await _send(site, alert, ["open p"] * 200)
    await _all_taken(deployment, 200, server, alert)
    assert site.end(signal.SIGKILL) == -signal.SIGKILL
    site = await public_site(deployment)
    await _send(site, alert, ["open s"] * 100)
    # A process that ends by itself stores the last second, too.
    assert site.end() == 0
    opened = (await _all_taken(deployment, 300, server, alert))["page"]["opened"]["people"]
    assert opened == 300


async def test_counts_wait_while_the_server_is_away(deployment: Deployment) -> None:
    """Pages are counted without the server; it takes in what waits when it is back, once, though it is killed."""
    server, alert = await _published(deployment)
    site = await public_site(deployment)
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    await _send(site, alert, ["open p"] * 300)

    async def stored() -> bool:
        return bool(await _objects(deployment).list(FOLDER))

    await until(stored)
    assert site.end() == 0
    server = await deployment.server(**public_env(deployment))
    server.end(signal.SIGKILL)
    server = await deployment.server(**public_env(deployment))
    assert (await _all_taken(deployment, 300, server, alert))["page"]["opened"]["people"] == 300


async def test_pages_that_are_not_there_are_not_counted(deployment: Deployment) -> None:
    """A made-up code is answered alike, and fills no counter."""
    await _published(deployment)
    site = await public_site(deployment)
    async with aiohttp.ClientSession() as session:
        for code in ("zzzzzzzzzz", "2222222222"):
            async with session.post(f"{site.url}/b/{code}", data="open p") as answer:
                assert answer.status == 204
    assert site.end() == 0
    assert await deployment.query("select 1 from page_count") == []
    assert not await _objects(deployment).list(FOLDER)


async def test_few_people_are_withheld_from_everybody_and_alerts_from_metrics(deployment: Deployment) -> None:
    """Below `people_min` a step is null, those beside it are rounded down; metrics name no alert."""
    own = OwnMetrics.free()
    env = {"QQ_ALERT_PRIVACY__PEOPLE_MIN": "100", **own.env}
    server, alert = await _published(deployment, 1, 300, **env)
    site = await public_site(deployment)
    await _send(site, alert, ["open p"] * 345 + ["open s"] * 12 + ["share p"] * 40)

    async def taken() -> bool:
        rows = await deployment.query("select coalesce(sum(count), 0)::int from page_count")
        return bool(rows[0][0] == 397)

    await until(taken)
    settings = load(None, deployment.env())
    _, viewer = await access.create_token(settings, deployment.stores, Role.VIEWER, "viewer")
    for token in (viewer, deployment.token):
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession(server.url, headers=headers) as session,
            session.get(f"/v1/alerts/{alert}/funnel") as answer,
        ):
            page = (await answer.json())["page"]
        metrics = await own.text()
        assert page["opened"]["people"] == 300
        assert {channel: one["people"] for channel, one in page["opened_by"].items()} == {
            "push": 300,
            "share": None,
            "poster": None,
            "other": None,
        }
        assert page["shared"] == {"people": None, "low": None, "high": None}
        assert 'qq_alert_page_actions_total{channel="push",kind="open"} 300.0' in metrics
        assert "page_actions_total{" in metrics
        assert 'kind="share"' not in metrics
        assert alert not in metrics


async def test_reports_are_counted_and_stay_counted_when_they_are_deleted(deployment: Deployment, pool: Pool) -> None:
    """Three sightings, one of them passed on: to operators as they are; after the child's data the counts are left."""
    server, alert = await _published(deployment)
    sealing = sealing_of(deployment)
    reports = [report_of(alert, what) for what in ("at the station", "on a bus", "by the river")]
    for report in reports:
        assert await take(pool, sealing, report) is not None
    path = f"{server.url}/v1/alerts/{alert}/sightings/{reports[0].id}/decision"
    assert (await deployment.post(path, {"decision": "pass_on", "revision": 1}))[0] == 200
    found = {"reason": "at home", "case_number": CASE["case_number"], "through_alert": True}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", found))[0] == 200
    for _ in range(2):
        funnel = await _funnel(deployment, server, alert)
        assert (funnel["page"]["reported"]["people"], funnel["page"]["passed_on"]["people"]) == (3, 1)
        assert (funnel["found"], funnel["found_through_alert"]) == (True, True)
        async with pool.acquire() as connection, connection.transaction():
            await sql.deletion.delete_sightings(connection, UUID(alert))
            await sql.deletion.delete_child(connection, UUID(alert), None, b"a secret of the test")
        assert await pool.fetchval("select count(*) from sighting") == 0


async def test_everybody_reads_the_numbers_of_all_alerts_and_what_they_mean(deployment: Deployment, pool: Pool) -> None:
    """Published by the server, served without its stores: as a page in each language and as JSON, the same numbers."""
    server, alert = await _published(deployment)
    found = {"reason": "at home", "case_number": CASE["case_number"], "through_alert": True}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", found))[0] == 200
    site = await public_site(deployment)
    async with aiohttp.ClientSession(site.url) as everybody:

        async def is_published() -> bool:
            async with everybody.get("/statistics.json") as answer:
                return answer.status == 200

        await until(is_published)
        # Only the test publishes from here on.
        server.end()
        publisher = StatisticsPublisher(pool, _objects(deployment), ("zh-CN", "en"), 100, ZoneInfo("Asia/Shanghai"))
        assert await publisher.publish()

        async def is_counted() -> bool:
            async with everybody.get("/statistics.json") as answer:
                return bool((await answer.json())["alerts"])

        await until(is_counted)
        async with everybody.get("/statistics.json") as answer:
            numbers = await answer.json()
            assert answer.content_type == "application/json"
        reached = (await deployment.counts())["distinct"]
        assert [numbers[name] for name in ("alerts", "found", "found_through_alert", "found_unknown_how")] == [
            1,
            1,
            1,
            0,
        ]
        assert numbers["people_notified"] == reached // 100 * 100 > 0
        assert set(numbers["definitions"]) == {*NUMBERS}
        for path, language in (("/statistics", "zh-CN"), ("/statistics/en", "en")):
            async with everybody.get(path) as answer:
                text = await answer.text()
                assert (answer.status, answer.content_type) == (200, "text/html")
                assert "script-src" in answer.headers["Content-Security-Policy"]
                assert "Set-Cookie" not in answer.headers
            assert f'<html lang="{language}">' in text
            assert f'data-number="people_notified">{numbers["people_notified"]:,}<' in text


async def test_the_parts_of_an_alerts_page_read_the_alert_and_its_units_no_second_time(deployment: Deployment) -> None:
    """An open page asks for them every few seconds; only the API's funnel, which shows them, sums the units."""
    _, alert = await _published(deployment)
    disclosure = Disclosure(1)
    async with _NotingPool(deployment.database_url) as pool:
        [listed] = await sql.progress.list_alerts(pool, UUID(alert))
        assert text_of("alert_list") in pool.noted
        pool.noted.clear()
        came_of = await Funnel(pool, disclosure).of(listed, Role.VIEWER)
        rates = await Rates(pool, disclosure).of(listed)
        await AlertArea(pool, None).around(listed)
        assert came_of is not None
        assert came_of.page is not None
        assert rates.deadline == listed.deadline
        assert text_of("page_count_totals") in pool.noted
        assert not {text_of("alert_list"), text_of("summary_counts")} & set(pool.noted)
