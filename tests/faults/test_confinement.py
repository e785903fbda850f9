"""Exercises and tests reach nobody outside, whatever is configured, written into the record or interrupted.

The simulated provider plays a live one wherever its lane is not configured as simulated.
"""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from push.fanout.entrants.late_entrants import NOTICES_APART_LEAST
from server.settings import SettingsError, load
from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.processes import Process

WHY = {"reason": "because of a test", "case_number": CASE["case_number"]}
NEWCOMER, STRANGER = 7_000_001, 7_000_002
FAST = {"QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "1"}
SIMULATED = {"QQ_ALERT_LANES__TPNS__SIMULATED": "true"}
TEXTS = {locale: {"title": "Missing", "body": "A child in red"} for locale in ("zh-CN", "en")}


async def _send_follow_up_notices(deployment: Deployment, server: Process, alert: str) -> None:
    """Widen, update and end the alert; wait until nothing is left to do."""
    url = f"{server.url}/v1/alerts/{alert}"
    assert (await deployment.post(f"{url}/rings", WHY | {"radius_km": 300}))[0] == 200
    await deployment.sent(server, alert)
    assert (await deployment.post(f"{url}/update", WHY | {"texts": TEXTS}))[0] == 200
    await _wait_until_done(deployment, "update")
    assert (await deployment.post(f"{url}/found", WHY))[0] == 200
    await _wait_until_done(deployment, "found")


async def _wait_until_done(deployment: Deployment, notice: str) -> None:
    """Wait until all units of a notice are done, and another pass has been made."""

    async def through(passes_least: int) -> bool:
        query = """select count(*) filter (where not u.done), coalesce(min(u.passes), $2)
                   from sweep s join sweep_unit u on u.sweep_id = s.id where s.notice = $1"""
        left, passes = (await deployment.query(query, notice, passes_least))[0]
        return bool(left == 0 and passes >= passes_least)

    await until(lambda: through(0))
    await deployment.pass_time(NOTICES_APART_LEAST / timedelta(hours=1))
    await until(lambda: through(1))


def test_a_lane_with_a_remote_address_cannot_be_configured_as_simulated(deployment: Deployment) -> None:
    """The flag on a live address, or on a host name that could become one, is an error that names the setting."""
    for url in ("https://api.tpns.tencent.com", "http://localhost:8471", "http://127.0.0.1.example:80"):
        with pytest.raises(SettingsError, match=r"lanes\.tpns\.simulated"):
            load(None, deployment.env(**SIMULATED, QQ_ALERT_LANES__TPNS__URL=url))


async def test_a_test_alert_never_reaches_a_lane_that_is_not_simulated(deployment: Deployment) -> None:
    """Not a single request: filed, widened, updated, found, changed in the record by hand, killed or restarted."""
    await deployment.provider()
    inside = await deployment.people(2000)
    server = await deployment.server(**FAST)
    _, answer = await deployment.file(server, status="test", area={"radius_km": 200, "reason": "as wide as it gets"})
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    url = f"{server.url}/v1/alerts/{alert}"
    assert (await deployment.post(f"{url}/rings", WHY | {"radius_km": 300}))[0] == 200
    await deployment.sent(server, alert)
    assert (await deployment.post(f"{url}/update", WHY | {"texts": TEXTS}))[0] == 200
    await deployment.query(
        """with added as (insert into sweep (alert_id, notice, ring, lane)
                         select $1, 'alert', max(ring), 'tpns' from ring where alert_id = $1 returning id)
           insert into sweep_unit (sweep_id, shard_from, shard_to)
           select id, s, s + 16 from added, generate_series(0, 1023, 16) s""",
        alert,
    )

    async def swept() -> bool:
        return not await deployment.query("select 1 from sweep_unit where not done")

    await until(swept)
    found = (await deployment.query("select sum(found), sum(accepted) from sweep_unit"))[0]
    assert (found[0] > 0, found[1]) == (True, 0), "the sweep by hand found people, and sent to none"
    await deployment.place([NEWCOMER], CASE["last_seen"]["longitude"], CASE["last_seen"]["latitude"])
    await until(lambda: _found_more(deployment, found[0]))
    server.end(signal.SIGKILL)
    await deployment.query("update sweep_unit set done = false")
    server = await deployment.server(**FAST)
    await until(swept)
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", WHY))[0] == 200
    # Recipients of the alert would get the follow-up notice: write some into the ledger.
    assert not await deployment.query("select 1 from ledger where outcome = 'accepted'")
    assert (await deployment.counts())["requests"] == 0
    assert inside.size > 0


async def test_a_test_alert_goes_to_simulated_lanes_and_says_what_it_is(deployment: Deployment) -> None:
    """Sent only where the lane is simulated and has a loopback address; every text begins with the word for a test."""
    await deployment.provider()
    inside = await deployment.people(2000)
    server = await deployment.server(**FAST, **SIMULATED)
    _, answer = await deployment.file(server, status="test")
    await deployment.sent(server, answer["alert"]["id"])
    np.testing.assert_array_equal(await deployment.reached(), inside)
    await _send_follow_up_notices(deployment, server, answer["alert"]["id"])
    await _texts_begin_with_the_word(deployment, "测试 / TEST")


async def test_a_test_alert_that_a_changed_configuration_makes_live_goes_no_further(deployment: Deployment) -> None:
    """Begun in a simulated lane, killed, and restarted with the lane configured as live: no further request."""
    await deployment.provider()
    inside = await deployment.people(2000)
    server = await deployment.server(**FAST, **SIMULATED)
    _, answer = await deployment.file(server, status="test")
    await deployment.sent(server, answer["alert"]["id"])
    server.end(signal.SIGKILL)
    requests = (await deployment.counts())["requests"]
    await deployment.place([NEWCOMER], CASE["last_seen"]["longitude"], CASE["last_seen"]["latitude"])
    found = (await deployment.query("select sum(found) from sweep_unit"))[0][0]
    await deployment.query("update sweep_unit set done = false")
    server = await deployment.server(**FAST)
    await until(lambda: _found_more(deployment, found))
    url = f"{server.url}/v1/alerts/{answer['alert']['id']}"
    assert (await deployment.post(f"{url}/update", WHY | {"texts": TEXTS}))[0] == 200
    assert (await deployment.post(f"{url}/found", WHY))[0] == 200
    await until(lambda: _is_done(deployment, "found"))
    assert (await deployment.counts())["requests"] == requests
    np.testing.assert_array_equal(await deployment.reached(), inside)


async def test_an_exercise_reaches_only_enrolled_users_whatever_happens(deployment: Deployment) -> None:
    """Nobody, or only enrolled users, for every notice, through a kill and a cancel; each text begins with the word."""
    await deployment.provider()
    inside = await deployment.people(4000)
    staff = [int(user) for user in inside[:40]]
    server = await deployment.server(**FAST)
    _, answer = await deployment.file(server, status="exercise", case_number="E-0")
    await deployment.sent(server, answer["alert"]["id"])
    assert (await deployment.counts())["requests"] == 0, "nobody is enrolled"

    await deployment.place([NEWCOMER], 0.0, 0.0)
    await deployment.run("exercise", "enrol", *map(str, [*staff, NEWCOMER]))
    _, answer = await deployment.file(server, status="exercise")
    alert = answer["alert"]["id"]
    server.end(signal.SIGKILL)
    server = await deployment.server(**FAST)
    await deployment.sent(server, alert)
    await until(lambda: _reached(deployment, staff))
    await deployment.place([NEWCOMER, STRANGER], CASE["last_seen"]["longitude"], CASE["last_seen"]["latitude"])
    staff.append(NEWCOMER)
    await until(lambda: _is_in_ledger(deployment, alert, len(staff)))
    await deployment.run("exercise", "withdraw", str(staff[0]))
    async with deployment.session() as session:
        await session.delete(f"{server.url}/v1/users/{staff[1]}")
    assert await deployment.query("select user_id from enrolled where user_id = any($1)", staff[:2]) == []
    await _send_follow_up_notices(deployment, server, alert)
    await until(lambda: _reached(deployment, staff))
    recorded = "select notice, sum(recipients)::int from ledger where alert_id = $1 group by notice order by notice"
    assert await deployment.query(recorded, alert) == [("alert", 41), ("found", 39), ("update", 39)]
    await _texts_begin_with_the_word(deployment, "演习 / EXERCISE")


async def _reached(deployment: Deployment, users: list[int]) -> bool:
    reached = set((await deployment.reached()).tolist())
    assert reached <= set(users), "nobody outside the list"
    return reached == set(users)


async def _texts_begin_with_the_word(deployment: Deployment, word: str) -> None:
    """Check how every title and body of the alert, the update and the last notice begins."""
    messages = (await deployment.counts())["messages"]
    assert len(messages) == 3
    assert [title for title, _ in messages if not title.startswith(f"【{word}】")] == []
    assert [body for _, body in messages if not body.startswith(f"{word}: ")] == []


async def _found_more(deployment: Deployment, before: int) -> bool:
    """Tell whether a sweep found users who came after the number `before` was found."""
    return bool((await deployment.query("select sum(found) from sweep_unit"))[0][0] > before)


async def _is_done(deployment: Deployment, notice: str) -> bool:
    """Tell whether all units of a notice are done."""
    query = "select 1 from sweep s join sweep_unit u on u.sweep_id = s.id where s.notice = $1 and not u.done"
    return not await deployment.query(query, notice)


async def _is_in_ledger(deployment: Deployment, alert: str, people: int) -> bool:
    """Tell whether the ledger holds this many recipients of the alert."""
    query = "select coalesce(sum(recipients), 0) from ledger where alert_id = $1 and outcome = 'accepted'"
    return bool((await deployment.query(query, alert))[0][0] == people)
