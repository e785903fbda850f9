"""However many sightings nobody has decided: an alert ends, goes on and is deleted as if there were none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

import sql.deletion
import sql.sightings
from push.alerts.lifecycle import State
from tests.integration.test_deletion import SHORT, WHY
from tests.integration.test_sightings_deletion import _until_closed
from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.public_site import public_env
from tests.support.public.many_sightings import flood_record
from tests.support.public.reports import report_of, sealing_of, take
from tests.support.stores.plans import rows_read

if TYPE_CHECKING:
    from sql.database import Pool
    from tests.support.processes.processes import Process

ENDING = {"reason": "home again", "case_number": CASE["case_number"]}
MANY = 20_000
READ_ROWS_MAX = 50
"""Far more than a query needs that counts nothing, far fewer than there are sightings."""


async def _alert(deployment: Deployment) -> tuple[Process, str]:
    await deployment.provider()
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert: str = answer["alert"]["id"]
    await deployment.sent(server, alert)
    return server, alert


async def _events(deployment: Deployment, server: Process, alert: str, action: str) -> list[dict[str, Any]]:
    trail = await deployment.get(f"{server.url}/v1/alerts/{alert}/trail")
    return [one["details"] for one in trail["events"] if one["action"] == action]


@pytest.mark.parametrize(("action", "state"), [("found", "found"), ("cancel", "cancelled")])
async def test_an_end_waits_for_no_sighting(deployment: Deployment, pool: Pool, action: str, state: str) -> None:
    """While others hold every sighting and their totals, and take reports in, an alert ends and all is closed."""
    server, alert = await _alert(deployment)
    await flood_record(pool, alert, 500)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local idle_in_transaction_session_timeout = 0")
        await connection.execute("select 1 from sighting for update")
        await connection.execute("select 1 from sighting_total for update")
        await connection.execute("select 1 from alert for key share")
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/{action}", ENDING))[0] == 200
    assert await deployment.query("select state from alert") == [(state,)]
    listed = await deployment.get(f"{server.url}/v1/alerts/{alert}/sightings?state=closed")
    assert listed["counts"] == {"new": 0, "passed": 0, "duplicate": 0, "dismissed": 0, "closed": 500}
    assert {(one["state"], one["decided_by"]) for one in listed["sightings"]} == {("closed", "system")}
    assert (await deployment.get(f"{server.url}/v1/alerts/{alert}/sightings"))["sightings"] == []
    [details] = await _events(deployment, server, alert, action)
    assert details["sightings_closed"] == 500


async def test_a_reopened_alert_has_its_undecided_sightings_again(deployment: Deployment, pool: Pool) -> None:
    """What was closed by a mistake is decided as before, once; what had been decided stays, and the trail says so."""
    server, alert = await _alert(deployment)
    reports = [report_of(alert, "with a man"), report_of(alert, "a poster")]
    for report in reports:
        await take(pool, sealing_of(deployment), report)
    paths = [f"{server.url}/v1/alerts/{alert}/sightings/{report.id}" for report in reports]
    dismissal = {"decision": "dismiss", "revision": 1, "reason": "a film"}
    assert (await deployment.post(f"{paths[1]}/decision", dismissal))[0] == 200
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", ENDING))[0] == 200
    closed = await deployment.get(paths[0])
    assert (closed["state"], closed["decided_by"], closed["decided_at"] is not None) == ("closed", "system", True)
    passing = {"decision": "pass_on", "revision": closed["revision"]}
    status, refused = await deployment.post(f"{paths[0]}/decision", passing)
    assert (status, refused["code"]) == (409, "already_decided")
    assert "closed by system at 20" in refused["detail"]
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/reopen", ENDING))[0] == 200
    again = await deployment.get(paths[0])
    assert (again["state"], again["decided_by"], again["decided_at"]) == ("new", None, None)
    assert (await deployment.post(f"{paths[0]}/decision", passing))[1]["state"] == "passed"
    assert (await deployment.get(paths[1]))["state"] == "dismissed"
    assert [one["sightings_open"] for one in await _events(deployment, server, alert, "reopen")] == [1]


async def test_what_is_asked_every_second_reads_no_sighting_twice(deployment: Deployment, pool: Pool) -> None:
    """Totals are right after each change, and are all that is read to know how many sightings there are."""
    server, alert = await _alert(deployment)
    await flood_record(pool, alert, MANY)
    await pool.execute("analyze sighting, sighting_total")
    for name, values in {
        "sighting_new": (sql.sightings.ALERTS_MAX,),
        "sighting_kept": (),
        "sighting_counts": (UUID(alert),),
        "sighting_undecided": (UUID(alert),),
        "page_count_reports": (UUID(alert),),
    }.items():
        assert await rows_read(pool, name, *values) <= READ_ROWS_MAX, name
    [waiting] = await sql.sightings.waiting(pool)
    oldest = await pool.fetchval("select min(received_at) from sighting")
    assert (str(waiting.alert_id), waiting.count, waiting.oldest_at) == (alert, MANY, oldest)
    [(one,)] = await deployment.query("select id::text from sighting limit 1")
    dismissal = {"decision": "dismiss", "revision": 1, "reason": "a flood"}
    path = f"{server.url}/v1/alerts/{alert}/sightings/{one}/decision"
    assert (await deployment.post(path, dismissal))[0] == 200
    await pool.execute("update sighting set bytes = 5000 where id = $1", UUID(one))
    kept = "select state, count, bytes from sighting_total order by state"
    assert await deployment.query(kept) == [("dismissed", 1, 5000), ("new", MANY - 1, (MANY - 1) * 2000)]
    await pool.execute("delete from sighting where id = $1", UUID(one))
    assert await deployment.query(kept) == [("new", MANY - 1, (MANY - 1) * 2000)]


async def test_a_stack_of_a_flood_is_decided_in_parts(deployment: Deployment, pool: Pool) -> None:
    """One decision locks and changes a bounded part of it; what is left is the next stack of the list."""
    server, alert = await _alert(deployment)
    stack, more = uuid4(), 200
    await flood_record(pool, alert, sql.sightings.DECIDED_MAX + more, stack)
    sightings = f"{server.url}/v1/alerts/{alert}/sightings"
    left = []
    for _ in range(2):
        [first] = (await deployment.get(sightings))["sightings"]
        dismissal = {"decision": "dismiss", "revision": 1, "reason": "a flood", "with_stack": True}
        assert (await deployment.post(f"{sightings}/{first['id']}/decision", dismissal))[0] == 200
        left.append((await deployment.get(sightings))["counts"]["new"])
    assert left == [more, 0]


async def test_a_flood_is_deleted_in_parts_with_the_rest_of_the_child_s_data(
    deployment: Deployment, pool: Pool
) -> None:
    """No transaction deletes more than its part; the counts of the page stay, and the alert is closed."""
    await deployment.provider()
    server = await deployment.server(**SHORT, **public_env(deployment))
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    count = 2 * sql.deletion.SIGHTINGS_MAX + 300
    await flood_record(pool, alert, count)
    await pool.execute(
        """create table deleted_at_once (count bigint);
        create function note_deleted() returns trigger language plpgsql security definer as $$
            begin insert into deleted_at_once select count(*) from gone; return null; end $$;
        create trigger noted after delete on sighting referencing old table as gone
            for each statement execute function note_deleted()"""
    )
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", WHY))[0] == 200
    await deployment.pass_time(1.1)
    await _until_closed(deployment, server, alert)
    most = "select max(count), sum(count) from deleted_at_once"
    assert await deployment.query(most) == [(sql.deletion.SIGHTINGS_MAX, count)]
    assert await deployment.query("select 1 from sighting union all select 1 from sighting_total") == []
    assert await deployment.query("select sum(count) from page_count where kind = 'report'") == [(count,)]
    assert await deployment.query("select state from alert") == [(State.CLOSED.value,)]
