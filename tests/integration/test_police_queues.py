"""What waits to be told to the police: no authority waits for another, nothing goes to one that was revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import sql.police_events
from public.sightings.police.links import VALID_S, PhotoLink, PhotoLinks
from server.administration import access
from server.settings import load
from tests.integration.test_claims import add_alert, add_authority
from tests.integration.test_police_events import FOUND, _file, _server, _told
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env
from tests.support.public.many_sightings import flood_record
from tests.support.public.police_endpoint import PoliceEndpoint
from tests.support.public.reports import keys_of, report_of, sealing_of, take

if TYPE_CHECKING:
    from sql.database import Pool
    from sql.police_events import ClaimedEvent
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

EVENTS = 40


async def _pass_on(deployment: Deployment, server: Process, alert: str, sighting: object) -> None:
    path = f"{server.url}/v1/alerts/{alert}/sightings/{sighting}/decision"
    assert (await deployment.post(path, {"decision": "pass_on", "revision": 1}))[0] == 200


def _words(endpoint: PoliceEndpoint) -> list[str]:
    return [one.event["sighting"]["what"] for one in endpoint.told if one.event["type"] == "sighting.reported"]


async def test_what_came_before_all_was_told_is_told_then_and_once(deployment: Deployment, pool: Pool) -> None:
    """Undecided sightings follow the change; what is passed on after it is not told a second time."""
    async with PoliceEndpoint() as endpoint:
        server, _ = await _server(deployment, endpoint, "operator")
        alert = await _file(deployment, server)
        await deployment.sent(server, alert)
        reports = [report_of(alert, what) for what in ("first", "second", "dismissed")]
        for report in reports:
            await take(pool, sealing_of(deployment), report)
        dismissal = {"decision": "dismiss", "revision": 1, "reason": "a film"}
        path = f"{server.url}/v1/alerts/{alert}/sightings/{reports[2].id}/decision"
        assert (await deployment.post(path, dismissal))[0] == 200
        await deployment.run("authority", "endpoint", "sz", "--url", endpoint.url, "--passes-on", "all")
        await _told(endpoint, "sighting.reported", 2)
        await _pass_on(deployment, server, alert, reports[0].id)
        await take(pool, sealing_of(deployment), report_of(alert, "last"))
        await _told(endpoint, "sighting.reported", 3)
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", FOUND))[0] == 200
        await _told(endpoint, "alert.over")
        assert sorted(_words(endpoint)) == ["first", "last", "second"]


async def test_what_was_passed_on_reaches_the_police_whatever_was_told_before(
    deployment: Deployment, pool: Pool
) -> None:
    """Passed on while there was no endpoint, and passed on after its event had been given up: both are told."""
    async with PoliceEndpoint() as endpoint:
        server, _ = await _server(deployment, endpoint, "all")
        await deployment.run("authority", "endpoint", "sz", "--remove")
        alert = await _file(deployment, server)
        early, late = report_of(alert, "early"), report_of(alert, "late")
        await take(pool, sealing_of(deployment), early)
        await _pass_on(deployment, server, alert, early.id)
        await deployment.run("authority", "endpoint", "sz", "--url", endpoint.url, "--passes-on", "all")
        await _told(endpoint, "sighting.reported")
        endpoint.status = 410
        await take(pool, sealing_of(deployment), late)

        async def is_dead() -> bool:
            dead = "select 1 from police_event where sighting_id = $1 and dead_at is not null"
            return bool(await deployment.query(dead, late.id))

        await until(is_dead)
        endpoint.status = 204
        await _pass_on(deployment, server, alert, late.id)
        told = await _told(endpoint, "sighting.reported", 3)
        assert _words(endpoint) == ["early", "late", "late"]
        assert told[-1].event["sighting"]["passed_by"] == "admin test"


async def test_nothing_goes_to_an_authority_that_was_revoked(deployment: Deployment, pool: Pool) -> None:
    """Its endpoint, what waited for it, and the links that it has end with it, also where its alerts go on."""
    async with PoliceEndpoint() as endpoint:
        endpoint.status = 503
        server, _ = await _server(deployment, endpoint, "all")
        alert = await _file(deployment, server)
        await deployment.sent(server, alert)
        report = report_of(alert, "before")
        await take(pool, sealing_of(deployment), report)
        await _told(endpoint, "sighting.reported")
        expires_s = int((await deployment.query("select extract(epoch from now())::bigint"))[0][0]) + VALID_S
        link = PhotoLinks(keys_of(deployment)).token(PhotoLink(UUID(alert), report.id, 1, expires_s))
        await deployment.run("authority", "revoke", "sz", "--keep-live")
        assert await deployment.query("select 1 from authority_endpoint") == []
        endpoint.status = 204
        before = len(endpoint.told)
        await take(pool, sealing_of(deployment), report_of(alert, "after"))
        await _pass_on(deployment, server, alert, report.id)

        async def is_given_up() -> bool:
            left = "select distinct error from police_event where delivered_at is null"
            return await deployment.query(left) == [("authority revoked",)] and not await deployment.query(
                "select 1 from endpoint_gone"
            )

        await until(is_given_up)
        assert len(endpoint.told) == before
        assert await deployment.query("select count(*) from police_event where sighting_id is not null") == [(1,)]
        assert await sql.police_events.due(pool, [], 100) == []
        async with pool.acquire() as connection:
            assert not await sql.police_events.may_read(connection, UUID(alert))
        async with deployment.session() as session, session.get(f"{server.url}/v1/sightings/photos/{link}") as answer:
            assert answer.status == 404


async def test_an_endpoint_that_is_silent_holds_back_no_other(deployment: Deployment, pool: Pool) -> None:
    """All events of the others are taken while it answers nothing, and few of its own are sent at once."""
    async with PoliceEndpoint() as silent, PoliceEndpoint() as other:
        silent.answers.clear()
        server, _ = await _server(deployment, other, "operator")
        await access.add_authority(load(None, deployment.env()), deployment.stores, "gz", "Guangzhou")
        await deployment.run("authority", "endpoint", "gz", "--url", silent.url)
        alert = await _file(deployment, server)
        write = (
            "insert into police_event (authority_id, alert_id, event, alert_state, endpoint)"
            " select $1, $2, 'alert.sent', 'sent', o.id from authority_endpoint o, generate_series(1, $3::int)"
            " where o.authority_id = $1"
        )
        await deployment.query(write, "gz", alert, EVENTS)

        async def is_asked() -> bool:
            return len(silent.told) > 0

        await until(is_asked)
        await deployment.query(write, "sz", alert, EVENTS)
        await _told(other, "alert.sent", EVENTS)
        assert silent.most_open <= sql.police_events.CLAIMED_MAX
        silent.answers.set()


async def test_what_an_operator_passed_on_goes_before_a_flood(pool: Pool) -> None:
    """Where all is told, too: what waits is claimed first once it is passed on; after the end the flood is not sent."""
    await add_authority(pool)
    alert = str(await add_alert(pool, "A", due_in_min=30, rings=(1,)))
    await pool.execute(
        "insert into authority_endpoint (authority_id, url, secret, passes_on) values ('sz', 'https://x', 'x', 'all')"
    )
    await flood_record(pool, alert, 300)
    [real] = await pool.fetch("select id from sighting order by received_at desc offset 200 limit 1")
    passing = "update sighting set state = 'passed', decided_by = 'x', decided_at = now() where id = $1"
    await pool.execute(passing, real["id"])
    assert await pool.fetchval("select count(*) from police_event") == 300
    assert [one.sighting_id for one in await _claimed(pool)] == [real["id"]]
    await pool.execute("update alert set state = 'found', ended_at = now()")
    judged = [(one.event, one.over) for _ in range(2) for one in await _claimed(pool)]
    assert judged == [("alert.over", False), ("sighting.reported", True)]


async def test_a_flood_s_events_cost_no_more_the_more_there_are(pool: Pool) -> None:
    """Also by a plan that was made while there were none: to write an event reads no other one."""
    await add_authority(pool)
    alert = str(await add_alert(pool, "A", due_in_min=30, rings=(1,)))
    await pool.execute(
        "insert into authority_endpoint (authority_id, url, secret, passes_on) values ('sz', 'https://x', 'x', 'all')"
    )
    async with pool.acquire() as connection, connection.transaction():
        for _ in range(2):
            await flood_record(connection, alert, 500)
        read = "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables"
        assert await connection.fetchval(f"{read} where relname = 'police_event'") <= 1000
        assert await connection.fetchval("select count(*) from police_event") == 1000


async def _claimed(pool: Pool) -> list[ClaimedEvent]:
    return await sql.police_events.claim(pool, "sz", 1, timedelta(minutes=1))


async def test_a_page_of_a_filer_who_was_revoked_says_nothing_until_somebody_looked(deployment: Deployment) -> None:
    """The number to call may be anybody's: the page is over while the alert waits for a person, and back afterwards."""
    await deployment.provider()
    server = await deployment.server(**public_env(deployment))
    alert = await _file(deployment, server)
    await deployment.sent(server, alert)

    async def is_over() -> bool:
        return await deployment.query("select over from page where made >= wanted") == [(True,)]

    async def is_back() -> bool:
        return await deployment.query("select over from page where made >= wanted") == [(False,)]

    await until(is_back)
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/pause", {"reason": "a question"}))[0] == 200
    await until(is_back)
    await deployment.run("authority", "revoke", "sz")
    await until(is_over)
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/resume", FOUND))[0] == 200
    await until(is_back)
