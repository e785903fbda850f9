"""Guards that hold at any time and number: the audience cap, a last-moment extension, many other alerts."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import sql.lifecycle
import sql.progress
from tests.integration.test_claims import add_alert, add_authority
from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from sql.database import Pool

WHY = {"reason": "because of a test", "case_number": CASE["case_number"]}


async def test_an_extension_that_is_committed_while_the_alert_expires_is_kept(pool: Pool) -> None:
    """The step that expires alerts waits for the extension, and then reads the new expiry."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    await pool.execute("update alert set expires = now() - interval '1 second' where id = $1", alert)
    async with pool.acquire() as other, pool.acquire() as settling, asyncio.TaskGroup() as group:
        extending = other.transaction()
        await extending.start()
        locked = await sql.lifecycle.lock_alert(other, alert)
        assert locked is not None
        await sql.lifecycle.extend(other, alert, locked.expires + timedelta(hours=24))
        settled = group.create_task(sql.progress.settle(settling, timedelta(minutes=5)))

        async def waits() -> bool:
            query = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%judged%'"
            return bool(await pool.fetch(query))

        await until(waits)
        await extending.commit()
    assert settled.result() == []
    assert await pool.fetchval("select state from alert") == "sending"


async def test_a_live_alert_is_watched_however_many_newer_ones_have_ended(pool: Pool) -> None:
    """Its cap, deadline and progress are checked as long as it can notify anybody."""
    await add_authority(pool)
    old = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    await pool.execute("update alert set received_at = received_at - interval '1 hour'")
    for number in range(3):
        await add_alert(pool, f"N{number}", due_in_min=30, rings=(1,), units=1)
    await pool.execute("update alert set state = 'closed' where id <> $1", old)
    listed = await sql.progress.list_alerts(pool, limit=2)
    assert listed[0].id == old


async def test_the_cap_holds_for_late_entrants_and_after_a_release(deployment: Deployment) -> None:
    """Reached by late entrants, it stops them all; released up to a number, that number is the new cap."""
    await deployment.provider()
    inside = (await deployment.people(500)).size
    place = CASE["last_seen"]["longitude"], CASE["last_seen"]["latitude"]
    fast = {"QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "1"}
    # Far from any estimate that a sample of shards could give when the case is filed.
    cap = 10 * inside
    server = await deployment.server(QQ_ALERT_ALERT__AUDIENCE_CAP=str(cap), **fast)
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    await deployment.place(range(1, cap + 1), *place)
    notified = await _stopped(deployment)
    assert cap <= notified <= inside + cap, "at most the requests in flight"
    await deployment.place(range(1_000_001, 1_000_201), *place)
    await _passed(deployment)
    assert (await deployment.counts())["distinct"] == notified

    trail = (await deployment.get(f"{server.url}/v1/audit"))["events"]
    holds = [one["content"]["event"] for one in trail if one["content"]["event"]["action"] == "hold"]
    assert [(one["actor"], one["details"]) for one in holds] == [("system", {"people_max": cap})]

    status, problem = await deployment.post(f"{server.url}/v1/alerts/{alert}/release", WHY | {"people_max": notified})
    assert (status, f"{notified} people were notified already" in problem["detail"]) == (422, True)
    assert await _stopped(deployment) == notified, "a cap that is reached frees nobody"
    change_request = WHY | {"people_max": notified + 100}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/release", change_request))[0] == 200
    more = await _stopped(deployment)
    assert notified + 100 <= more <= inside + cap + 200

    async def is_shown() -> bool:
        lanes = (await deployment.get(f"{server.url}/v1/alerts/{alert}"))["alert"]["lanes"]
        return bool(lanes["tpns"]["sent"] == more)

    await until(is_shown)
    await deployment.place(range(2_000_001, 2_000_201), *place)
    await _passed(deployment)
    assert (await deployment.counts())["distinct"] == more, "the released number is a cap, too"


async def test_late_entrants_count_towards_the_cap_however_few_are_shown(deployment: Deployment) -> None:
    """What is shown of them is rounded down to a thousand here; the alert is held all the same once they reach it."""
    await deployment.provider()
    inside = (await deployment.people(500)).size
    cap, entering = 3_000, 3_999 - 1_000
    assert inside + entering // 1_000 * 1_000 < cap <= inside + entering
    server = await deployment.server(QQ_ALERT_ALERT__AUDIENCE_CAP=str(cap), QQ_ALERT_PRIVACY__PEOPLE_MIN="1000")
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    row = {"lane": "tpns", "longitude": CASE["last_seen"]["longitude"], "latitude": CASE["last_seen"]["latitude"]}
    at = (await deployment.query("select now()"))[0][0].isoformat()
    reports = [{"user": user, "at": at, **row} for user in range(1, entering + 1)]
    assert (await deployment.post(f"{server.url}/v1/devices", reports))[1]["accepted"] == entering
    assert await _stopped(deployment) == inside + entering


async def _stopped(deployment: Deployment) -> int:
    """Wait until every ring is held and no request is in flight; returns how many recipients were notified."""

    async def at_rest() -> bool:
        query = """select (select bool_and(held is not null) from ring)
                   and not exists (select from sweep_unit where not done and lease_until > now())"""
        return (await deployment.query(query))[0][0] is True

    await until(at_rest)
    return int((await deployment.counts())["distinct"])


async def _passed(deployment: Deployment) -> None:
    """Wait until two more passes for late entrants have been made, or were skipped for held rings."""
    before = (await deployment.query("select swept_at from alert"))[0][0]

    async def later() -> bool:
        query = (
            "select swept_at > $1::timestamptz + interval '2 s' or next_sweep_at < now() - interval '2 s' from alert"
        )
        return bool((await deployment.query(query, before))[0][0])

    await until(later)


async def test_a_release_frees_only_rings_with_no_more_people_than_it_allows(deployment: Deployment) -> None:
    """A number below a ring's audience releases nothing, and the answer has the audience."""
    await deployment.provider()
    inside = await deployment.people(20_000)
    server = await deployment.server(QQ_ALERT_ALERT__AUDIENCE_CAP="5000")
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    url, notified = f"{server.url}/v1/alerts/{alert}/release", (await deployment.counts())["distinct"]
    status, problem = await deployment.post(url, WHY | {"people_max": 5001})
    assert (status, "over the cap on the audience" in problem["detail"]) == (422, True)
    assert (await deployment.query("select count(*) from ring where held is not null"))[0][0] == 1
    assert (await deployment.counts())["distinct"] == notified < inside.size


async def test_a_held_or_paused_alert_is_an_alarm_until_a_decision(deployment: Deployment) -> None:
    """A ring at the cap uses up its thirty minutes, as a review does; the trail has the hold from its beginning."""
    await deployment.provider()
    await deployment.people(20_000)
    server = await deployment.server(QQ_ALERT_ALERT__AUDIENCE_CAP="5000")
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]

    async def alarms() -> set[str]:
        async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
            return {alarm["kind"] for alarm in (await feed.receive_json())["alarms"]}

    async def are(*kinds: str) -> bool:
        return await alarms() == set(kinds)

    await until(lambda: are("audience_cap"))
    await deployment.sent(server, alert)
    await deployment.pass_time(21 / 60)
    await until(lambda: are("audience_cap", "review_late"))
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/pause", {"reason": WHY["reason"]}))[0] == 200
    await until(lambda: are("paused"))
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/resume", WHY))[0] == 200
    await until(lambda: are("audience_cap", "review_late"))
    change_request = WHY | {"people_max": 50_000}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/release", change_request))[0] == 200
    await until(are)
    trail = (await deployment.get(f"{server.url}/v1/audit"))["events"]
    (filed,) = [one["content"]["event"] for one in trail if one["content"]["event"]["action"] == "file"]
    assert filed["details"]["held"] == [3]


async def test_an_updated_text_of_a_scheduled_alert_has_its_own_grace(deployment: Deployment) -> None:
    """Updated a second before its send, the alert can be vetoed for as long as any other."""
    server = await deployment.server()
    await deployment.query("update authority set review = 'grace', grace_s = 600")
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.query("update alert set send_at = now() + interval '60 seconds'")
    texts = {locale: {"title": "Missing", "body": "A child in red"} for locale in ("zh-CN", "en")}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/update", WHY | {"texts": texts}))[0] == 200
    assert (await deployment.query("select state, send_at > now() + interval '590 seconds' from alert")) == [
        ("scheduled", True)
    ]


async def test_an_update_at_the_end_of_the_grace_is_not_overtaken(pool: Pool) -> None:
    """The step that ends the grace waits for the update, and then reads its new grace."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    await pool.execute("update authority set review = 'grace', grace_s = 600")
    await pool.execute("update alert set state = 'scheduled', send_at = now() - interval '1 second'")
    async with pool.acquire() as other, pool.acquire() as settling, asyncio.TaskGroup() as group:
        rewording = other.transaction()
        await rewording.start()
        locked = await sql.lifecycle.lock_alert(other, alert)
        assert locked is not None
        await sql.lifecycle.reword(other, alert, locked.content)
        settled = group.create_task(sql.progress.settle(settling, timedelta(minutes=5)))

        async def waits() -> bool:
            query = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%judged%'"
            return bool(await pool.fetch(query))

        await until(waits)
        await rewording.commit()
    assert settled.result() == []
    assert await pool.fetchval("select state from alert") == "scheduled"


async def test_a_case_number_must_not_contain_the_childs_name(deployment: Deployment) -> None:
    """It stays in the trail for ever; a short word that it contains by chance refuses no case."""
    server = await deployment.server()
    child = CASE["child"] | {"name": "Ouyang Xiaoming"}
    status, problem = await deployment.file(server, case_number="OUYANG-XIAOMING-7", child=child)
    assert (status, problem["errors"][0]["path"]) == (422, "$.case_number")
    status, problem = await deployment.file(
        server, case_number="13800138000", contact=CASE["contact"] | {"phone": "138 0013 8000"}
    )
    assert status == 422
    assert (await deployment.file(server, case_number="POLICE-110", child=child | {"name": "Li"}))[0] == 202
