"""What the police are told: signed as the official libraries verify it, until it is taken, with photos that expire."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from handlers.administration.endpoints import url_fault
from public.sightings.police.links import VALID_S, PhotoLink, PhotoLinks
from tests.support.alarms import alarms_of, until_cleared
from tests.support.pictures import jpeg
from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import ROOT, until
from tests.support.processes.public_site import public_env
from tests.support.public.police_endpoint import PoliceEndpoint, Told
from tests.support.public.reports import report_of, sealing_of, take
from tests.support.public.strangers import publish, receipt_of, site_for

if TYPE_CHECKING:
    from sql.database import Pool
    from tests.support.processes.processes import Process

LIBRARY = "standardwebhooks@1.0.0"
INSTALL_S = 120
FOUND = {"reason": "home again", "case_number": CASE["case_number"]}


async def _server(deployment: Deployment, endpoint: PoliceEndpoint, passes_on: str) -> tuple[Process, str]:
    """Return a server that tells the police, and the secret."""
    await deployment.provider()
    server = await deployment.server(**public_env(deployment))
    told = ("authority", "endpoint", "sz", "--url", endpoint.url, "--passes-on", passes_on, "--json")
    return server, (await deployment.command(*told))["secret"]


async def _file(deployment: Deployment, server: Process) -> str:
    _, answer = await deployment.file(server)
    alert: str = answer["alert"]["id"]
    return alert


async def _told(endpoint: PoliceEndpoint, kind: str, count: int = 1) -> list[Told]:
    """Wait until the police were told so often of something."""

    async def is_told() -> bool:
        return len([one for one in endpoint.told if one.event["type"] == kind]) >= count

    await until(is_told)
    return [one for one in endpoint.told if one.event["type"] == kind]


async def test_what_an_operator_passes_on_reaches_the_police_and_nothing_else(
    deployment: Deployment, pool: Pool
) -> None:
    """Verified by the library of Standard Webhooks; the operator sees that it was delivered, found closes the rest."""
    async with PoliceEndpoint() as endpoint:
        server, secret = await _server(deployment, endpoint, "operator")
        alert = await _file(deployment, server)
        await deployment.sent(server, alert)
        passed, other = report_of(alert, "with a man in black", contact="13800001111"), report_of(alert, "a poster")
        for report in (passed, other):
            await take(pool, sealing_of(deployment), report)
        path = f"{server.url}/v1/alerts/{alert}/sightings/{passed.id}"
        assert (await deployment.post(f"{path}/decision", {"decision": "pass_on", "revision": 1}))[0] == 200
        [told] = await _told(endpoint, "sighting.reported")
        event = Webhook(secret).verify(told.body, dict(told.headers))
        assert (event["case_number"], event["status"]) == (CASE["case_number"], "actual")
        assert event["sighting"]["what"] == "with a man in black"
        assert (event["sighting"]["contact"], event["sighting"]["passed_by"]) == ("13800001111", "admin test")
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(told.body.replace(b"black", b"white"), dict(told.headers))

        async def is_delivered() -> bool:
            delivery = (await deployment.get(path))["delivery"]
            return delivery is not None and delivery["delivered_at"] is not None

        await until(is_delivered)
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", FOUND))[0] == 200
        [over] = await _told(endpoint, "alert.over")
        assert Webhook(secret).verify(over.body, dict(over.headers))["state"] == "found"
        assert len(await _told(endpoint, "alert.sent")) == 1
        assert len(await _told(endpoint, "sighting.reported")) == 1
        assert (await deployment.get(f"{server.url}/v1/alerts/{alert}/sightings/{other.id}"))["state"] == "closed"
        stored = await deployment.query("select e::text from police_event e")
        assert not [one for (one,) in stored if "man in black" in one]


async def test_an_authority_may_have_all_at_once_with_photos_that_expire(deployment: Deployment) -> None:
    """The original leaves by its link alone, as it came; each download is recorded; a changed link opens nothing."""
    photo = jpeg()
    async with PoliceEndpoint() as endpoint:
        server, _ = await _server(deployment, endpoint, "all")
        alert = await _file(deployment, server)
        code = await publish(deployment, alert)
        site = await site_for(deployment)
        await receipt_of(site.url, code, "seen", photos=[photo])
        [told] = await _told(endpoint, "sighting.reported")
    [sent] = told.event["sighting"]["photos"]
    links = {name: sent[name].replace("http://127.0.0.1:8470", server.url) for name in ("original", "copy")}
    async with aiohttp.ClientSession() as session:
        async with session.get(links["original"]) as answer:
            assert (answer.status, await answer.read()) == (200, photo)
            assert answer.headers["Cache-Control"] == "no-store"
        async with session.get(links["copy"]) as answer:
            content = await answer.read()
            assert content.startswith(b"\xff\xd8")
            assert b"Exif" not in content
        for wrong in (links["original"][:-3] + "AAA", f"{server.url}/v1/sightings/photos/x"):
            async with session.get(wrong) as answer:
                assert answer.status == 404
    trail = await deployment.get(f"{server.url}/v1/alerts/{alert}/trail")
    downloads = [one["details"] for one in trail["events"] if one["action"] == "download sighting photo"]
    assert [one["copy"] for one in downloads] == [False, True]


def test_a_link_is_for_one_photo_and_one_hour() -> None:
    """After it, or with another key, it opens nothing; a key that was first before still does."""
    keys, link = [b"newer", b"older"], PhotoLink(uuid4(), uuid4(), 2, 1_000_000 + VALID_S)
    token = PhotoLinks([b"older"]).token(link)
    assert PhotoLinks(keys).read(token, 1_000_000) == link
    assert PhotoLinks(keys).read(token, 1_000_001 + VALID_S) is None
    assert PhotoLinks([b"newer"]).read(token, 1_000_000) is None
    assert PhotoLinks(keys).read("€" * 10, 1_000_000) is None


async def test_what_is_not_taken_is_tried_again_then_listed_and_sent_on_demand(
    deployment: Deployment, pool: Pool
) -> None:
    """Under one id, with an alarm meanwhile; after a day it is dead. A redirection is not followed, 410 ends it."""
    async with PoliceEndpoint() as endpoint:
        endpoint.status = 302
        server, secret = await _server(deployment, endpoint, "all")
        alert = await _file(deployment, server)
        await take(pool, sealing_of(deployment), report_of(alert, "seen"))
        first = (await _told(endpoint, "sighting.reported"))[0]

        async def is_recorded() -> bool:
            tried = "select 1 from police_event where event = 'sighting.reported' and status = 302"
            return bool(await deployment.query(tried))

        # A busy machine may tell of what came of it long after it was told; that would put off what the test changes.
        await until(is_recorded)
        await deployment.query(
            "update police_event set attempts = 9, created_at = created_at - interval '1 day', try_at = now()"
            " where event = 'sighting.reported'"
        )
        again = (await _told(endpoint, "sighting.reported", 2))[1]
        assert first.headers["webhook-id"] == again.headers["webhook-id"]
        events = f"{server.url}/v1/authorities/sz/events"

        async def is_dead() -> bool:
            dead = (await deployment.get(f"{events}?dead=true"))["events"]
            kinds = {one["kind"] for one in await alarms_of(deployment, server)}
            return [one["id"] for one in dead] == [first.headers["webhook-id"]] and "police_unreachable" in kinds

        await until(is_dead)
        assert first.headers["webhook-id"] in await deployment.run("authority", "events", "sz", "--dead")
        endpoint.status = 200
        assert (await deployment.post(f"{events}/{uuid4()}/again", {}))[0] == 404
        status, answer = await deployment.post(f"{events}/{first.headers['webhook-id']}/again", {})
        assert (status, answer["events"]) == (200, [])
        last = (await _told(endpoint, "sighting.reported", 3))[2]
        assert Webhook(secret).verify(last.body, dict(last.headers))["sighting"]["what"] == "seen"
        await until_cleared(deployment, server, "police_unreachable")


async def test_the_example_in_javascript_verifies_what_is_sent(deployment: Deployment, pool: Pool) -> None:
    """The code of docs/police.md with npm's official library, as it stands there; without Node it says so."""
    library = _library()
    [code] = re.findall(r"```js\n(.*?)```", (ROOT / "docs" / "police.md").read_text(encoding="utf-8"), re.DOTALL)
    async with PoliceEndpoint() as endpoint:
        server, secret = await _server(deployment, endpoint, "all")
        alert = await _file(deployment, server)
        await take(pool, sealing_of(deployment), report_of(alert, "在公园门口"))
        [told] = await _told(endpoint, "sighting.reported")
    script = library / "example.mjs"
    script.write_text(code, encoding="utf-8")
    port = int(endpoint.url.split(":")[2].split("/")[0])
    env = {"PATH": os.environ["PATH"], "WEBHOOK_SECRET": secret, "PORT": str(port)}
    node = await asyncio.create_subprocess_exec("node", str(script), env=env, stdout=asyncio.subprocess.PIPE)
    try:
        assert node.stdout is not None
        assert await node.stdout.readline() == b"ready\n"
        names = ("webhook-id", "webhook-timestamp", "webhook-signature", "content-type")
        headers = {name: told.headers[name] for name in names}
        async with aiohttp.ClientSession() as session:
            async with session.post(f"http://127.0.0.1:{port}/", data=told.body, headers=headers) as answer:
                assert answer.status == 204
            async with session.post(f"http://127.0.0.1:{port}/", data=told.body + b" ", headers=headers) as answer:
                assert answer.status == 401
        said = (await node.stdout.readline()).decode()
        assert said == f"sighting.reported {CASE['case_number']} 在公园门口\n"
    finally:
        node.kill()
        await node.wait()


def _library() -> Any:  # noqa: ANN401 - a folder
    """Return a folder in which npm's library is installed; the test is skipped in words where it cannot be."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("THE EXAMPLE IN JAVASCRIPT IS NOT RUN: there is no Node with npm")
    folder = ROOT / ".tools" / "standardwebhooks"
    if not (folder / "node_modules" / "standardwebhooks").exists():
        # Where there is no way to it, npm would wait for over a minute between its tries.
        patience = ("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=3000")
        options = ("--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", *patience)
        subprocess.run(["npm", "install", "--prefix", str(folder), *options, LIBRARY], check=False, timeout=INSTALL_S)  # noqa: S607 - of this machine
    if not (folder / "node_modules" / "standardwebhooks").exists():
        pytest.skip(f"THE EXAMPLE IN JAVASCRIPT IS NOT RUN: npm could not install {LIBRARY}")
    return folder


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://police.example/events", True),
        ("https://10.1.2.3/events", True),
        ("http://127.0.0.1:8080/events", True),
        ("http://police.example/events", False),
        ("https://user:word@police.example/", False),
        ("ftp://police.example/", False),
        ("https:///events", False),
        ("https://police.example:port/", False),
        (f"https://police.example/{'x' * 500}", False),
    ],
)
def test_an_endpoint_is_reached_by_https(url: str, taken: bool) -> None:  # noqa: FBT001 - a case of the table
    """Only this machine itself is reached without."""
    assert (url_fault(url) is None) is taken


async def test_an_attempt_that_fails_after_its_endpoint_was_removed_leaves_the_event_dead(
    deployment: Deployment, pool: Pool
) -> None:
    """Another endpoint, set later, does not get that event: what nobody has decided is told there under a new one."""
    async with PoliceEndpoint() as endpoint, PoliceEndpoint() as later:
        endpoint.status = 500
        endpoint.answers.clear()
        server, _ = await _server(deployment, endpoint, "all")
        alert = await _file(deployment, server)
        before, after = report_of(alert, "seen"), report_of(alert, "seen later")
        await take(pool, sealing_of(deployment), before)
        [first] = await _told(endpoint, "sighting.reported")
        await deployment.run("authority", "endpoint", "sz", "--remove")
        endpoint.answers.set()
        await deployment.run("authority", "endpoint", "sz", "--url", later.url, "--passes-on", "all", "--json")
        # What had waited longer would be sent first.
        await deployment.query(
            "update police_event set try_at = now() - interval '1 minute' where delivered_at is null"
        )
        await take(pool, sealing_of(deployment), after)
        told = await _told(later, "sighting.reported", 2)
    assert sorted(one.event["sighting"]["what"] for one in told) == ["seen", "seen later"]
    assert first.headers["webhook-id"] not in {one.headers["webhook-id"] for one in told}
    dead = (await deployment.get(f"{server.url}/v1/authorities/sz/events?dead=true"))["events"]
    assert {one["error"] for one in dead} == {"endpoint removed"}


async def test_a_removed_endpoint_is_told_nothing(deployment: Deployment, pool: Pool) -> None:
    """What was still to be sent is dead, without an alarm; and a later sighting makes no event."""
    async with PoliceEndpoint() as endpoint:
        endpoint.status = 500
        server, _ = await _server(deployment, endpoint, "all")
        alert = await _file(deployment, server)
        await take(pool, sealing_of(deployment), report_of(alert, "seen"))
        await _told(endpoint, "sighting.reported")
        assert "told nothing" in await deployment.run("authority", "endpoint", "sz", "--remove")
        await take(pool, sealing_of(deployment), report_of(alert, "seen later", received_at=datetime.now(UTC)))

    async def is_given_up() -> bool:
        events = (await deployment.get(f"{server.url}/v1/authorities/sz/events"))["events"]
        return {(one["error"], one["dead_at"] is not None) for one in events} == {("endpoint removed", True)}

    await until(is_given_up)
    sightings = {one["sighting"] for one in (await deployment.get(f"{server.url}/v1/authorities/sz/events"))["events"]}
    assert len({UUID(one) for one in sightings if one}) == 1
