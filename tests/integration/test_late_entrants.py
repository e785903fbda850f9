"""Late entrants: people who come into the area are notified once, and nobody else is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import Process, until
from tests.support.providers.lanes import HuaweiLane
from tests.support.stores.changing_lanes import expire_lane_changes

if TYPE_CHECKING:
    from collections.abc import Sequence

MOVED: Final = 1000
FAR: Final = (100.0, 35.0)
NEAR: Final = (114.06, 22.55)
WHY: Final = {"reason": "because of a test", "case_number": CASE["case_number"]}
NO_PASS: Final = {"QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "3600"}
MOVERS: Final = [*range(1, MOVED + 1)]


async def _report(
    deployment: Deployment,
    server: Process,
    users: Sequence[int],
    place: tuple[float, float],
    at: datetime | None = None,
    lane: str = "tpns",
) -> None:
    at = at or datetime.now(UTC)
    rows = [{"user": user, "lane": lane, "longitude": place[0], "latitude": place[1], "at": at} for user in users]
    assert await deployment.post(f"{server.url}/v1/devices", rows) == (200, {"accepted": len(users), "rejected": []})


async def _sent(deployment: Deployment, server: Process, **changes: object) -> str:
    """File a case and wait until its alert is sent, and until this server holds reports against it."""
    _, answer = await deployment.file(server, **changes)
    alert: str = answer["alert"]["id"]
    await deployment.sent(server, alert)
    return alert


async def _reached(deployment: Deployment, people: int) -> bool:
    return int((await deployment.counts())["distinct"]) >= people


async def _nobody_waits(deployment: Deployment) -> bool:
    return bool((await deployment.query("select count(*) from entrant"))[0][0] == 0)


async def _passes(deployment: Deployment) -> int:
    return int((await deployment.query("select coalesce(max(passes), 0) from sweep_unit where not entrants"))[0][0])


async def test_a_thousand_late_entrants_are_notified_and_nobody_else(deployment: Deployment) -> None:
    """Without any pass: exactly these; those who leave or stay are not notified again, and nothing is left behind."""
    await deployment.provider()
    inside = await deployment.people(20_000)
    server = await deployment.server(**NO_PASS)
    await _report(deployment, server, MOVERS, FAR)
    await _sent(deployment, server)
    await _report(deployment, server, MOVERS, NEAR)
    await _report(deployment, server, inside[:100].tolist(), FAR)
    await until(lambda: _reached(deployment, inside.size + MOVED))
    await until(lambda: _nobody_waits(deployment))
    await _report(deployment, server, inside[:100].tolist(), NEAR)
    await until(lambda: _nobody_waits(deployment))
    assert np.array_equal(await deployment.reached(), np.union1d(inside, MOVERS))
    assert (await deployment.counts())["duplicates"] == 0
    assert await _passes(deployment) == 0

    async def are_counted() -> bool:
        alert = (await deployment.get(f"{server.url}/v1/alerts"))["alerts"][0]
        return bool(alert["lanes"]["tpns"]["sent"] == inside.size + MOVED)

    await until(are_counted)


async def test_a_pass_finds_who_entered_unseen(deployment: Deployment) -> None:
    """Reports that no server held against the alert: the slow full pass is the net beneath."""
    await deployment.provider()
    inside = await deployment.people(5000)
    server = await deployment.server(QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S="1")
    await _sent(deployment, server)
    await deployment.place(MOVERS, *NEAR)
    await until(lambda: _reached(deployment, inside.size + MOVED))
    assert np.array_equal(await deployment.reached(), np.union1d(inside, MOVERS))


async def test_residents_who_report_again_cause_no_work(deployment: Deployment) -> None:
    """They stay where they were, move within the area, or report the same again: no entry, no pass, no message."""
    await deployment.provider()
    inside = await deployment.people(2000)
    server = await deployment.server(**NO_PASS)
    await _sent(deployment, server)
    residents = inside[:500].tolist()
    await _report(deployment, server, residents, NEAR)
    first = (await deployment.query("select nextval(pg_get_serial_sequence('entrant', 'entry'))"))[0][0]
    await _report(deployment, server, residents, (114.1, 22.6))
    await _report(deployment, server, residents, (114.1001, 22.6001))
    # An entry that comes later is through before this is judged.
    await _report(deployment, server, [1], NEAR)
    await until(lambda: _reached(deployment, inside.size + 1))
    last = (await deployment.query("select nextval(pg_get_serial_sequence('entrant', 'entry'))"))[0][0]
    assert last - first == 2
    assert await _passes(deployment) == 0
    assert (await deployment.counts())["accepted"] == inside.size + 1


async def test_who_enters_and_leaves_while_the_alert_is_paused_is_not_notified(deployment: Deployment) -> None:
    """Entrants of a paused alert wait; at its resumption those who are still there are notified, without a pass."""
    await deployment.provider()
    inside = await deployment.people(1000)
    server = await deployment.server(**NO_PASS)
    alert = await _sent(deployment, server)
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/pause", {"reason": "x"}))[0] == 200
    await _report(deployment, server, MOVERS, NEAR)
    await _report(deployment, server, MOVERS[:400], FAR)
    assert (await deployment.query("select count(*) from entrant"))[0][0] == MOVED
    assert (await deployment.counts())["distinct"] == inside.size
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/resume", WHY))[0] == 200
    await until(lambda: _nobody_waits(deployment))
    assert np.array_equal(await deployment.reached(), np.union1d(inside, MOVERS[400:]))
    assert await _passes(deployment) == 0


async def test_entrants_of_a_cancelled_alert_are_not_notified(deployment: Deployment) -> None:
    """Those who wait when it is cancelled hear of nothing, and those who enter later are not even noted."""
    await deployment.provider()
    inside = await deployment.people(1000)
    server = await deployment.server(**NO_PASS)
    alert = await _sent(deployment, server)
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/pause", {"reason": "x"}))[0] == 200
    await _report(deployment, server, MOVERS, NEAR)
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/cancel", WHY))[0] == 200

    async def is_cancelled() -> bool:
        return int((await deployment.counts())["accepted"]) == 2 * inside.size

    await until(is_cancelled)
    assert np.array_equal(await deployment.reached(), inside)


async def test_only_the_enrolled_are_late_entrants_of_an_exercise(deployment: Deployment) -> None:
    """Of a thousand who enter, the three who agreed."""
    await deployment.provider()
    await deployment.people(500)
    server = await deployment.server(**NO_PASS)
    async with deployment.session() as session:
        for user in (5, 6, 7, 5000):
            async with session.put(
                f"{server.url}/v1/enrolled/{user}", json={"consented_at": "2026-11-01T00:00:00Z"}
            ) as answer:
                assert answer.status == 204
    await _sent(deployment, server, status="exercise")
    await _report(deployment, server, MOVERS, NEAR)
    await until(lambda: _reached(deployment, 3))
    await until(lambda: _nobody_waits(deployment))
    assert (await deployment.reached()).tolist() == [5, 6, 7]


async def test_a_forgotten_user_is_no_late_entrant(deployment: Deployment) -> None:
    """Forgotten while the entry waits: the record does not even have the user's id any more."""
    await deployment.provider()
    inside = await deployment.people(500)
    server = await deployment.server(**NO_PASS)
    alert = await _sent(deployment, server)
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/pause", {"reason": "x"}))[0] == 200
    await _report(deployment, server, [1, 2, 3], NEAR)
    async with deployment.session() as session, session.delete(f"{server.url}/v1/users/2") as answer:
        assert answer.status == 204
    assert await deployment.query("select user_id from entrant order by 1") == [(1,), (3,)]
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/resume", WHY))[0] == 200
    await until(lambda: _nobody_waits(deployment))
    assert np.array_equal(await deployment.reached(), np.union1d(inside, [1, 3]))


async def test_two_servers_notify_who_enters_once(deployment: Deployment) -> None:
    """Reports reach both, each user both; every entrant is notified once, whichever server works on them."""
    await deployment.provider()
    inside = await deployment.people(2000)
    servers = [await deployment.server(**NO_PASS) for _ in range(2)]
    await _sent(deployment, servers[0])
    await until(lambda: _is_watched(deployment, servers, inside.size))
    for start in range(0, MOVED, 50):
        part = MOVERS[start : start + 50]
        await _report(deployment, servers[0], part, NEAR)
        await _report(deployment, servers[1], part, FAR)
        await _report(deployment, servers[1], part, NEAR)
    await until(lambda: _nobody_waits(deployment))
    probes = range(PROBE, PROBE + 2)
    assert np.array_equal(await deployment.reached(), np.union1d(np.union1d(inside, MOVERS), [*probes]))
    assert (await deployment.counts())["duplicates"] == 0


PROBE: Final = 5_000_000


async def _is_watched(deployment: Deployment, servers: Sequence[Process], before: int) -> bool:
    """Tell whether each server holds reports against the alert: somebody who enters through it is noted."""
    for number, server in enumerate(servers):
        await _report(deployment, server, [PROBE + number], FAR)
        await _report(deployment, server, [PROBE + number], NEAR)
    return await _reached(deployment, before + len(servers))


async def test_who_changes_lanes_within_the_area_is_followed_but_not_notified_again(deployment: Deployment) -> None:
    """A change of lanes counts as an entry: who was notified is not again, who was not is, in the new lane."""
    huawei = HuaweiLane(deployment)
    await deployment.provider()
    await huawei.start()
    inside = await deployment.people(500)
    server = await deployment.server(**NO_PASS, **huawei.env())
    await _sent(deployment, server)
    await _report(deployment, server, [1, 2], FAR)
    changing = [1, 2, *inside[:5].tolist()]
    at = datetime.now(UTC)
    rows = [
        {"user": one, "lane": "huawei", "longitude": NEAR[0], "latitude": NEAR[1], "at": at, "token": token}
        for one in changing
        for token in [huawei.token_of(one)]
    ]
    status, answer = await deployment.post(f"{server.url}/v1/devices", rows)
    assert (status, answer["rejected"]) == (200, [])
    assert (await deployment.query("select count(*) from entrant where lane = 'huawei'"))[0][0] == len(changing)
    assert (await huawei.reached()).size == 0, "whom the other lane may be about to notify waits"
    await expire_lane_changes(deployment)
    await until(lambda: _nobody_waits(deployment))
    assert (await huawei.reached()).tolist() == [1, 2]
    assert (await deployment.counts())["accepted"] == inside.size


async def test_who_enters_a_ring_that_an_operator_added_is_notified(deployment: Deployment) -> None:
    """Between the rings nobody entered before; what is held for entrants goes on with the wider ring."""
    await deployment.provider()
    inside = await deployment.people(500)
    between = (114.06, 24.3)
    server = await deployment.server(**NO_PASS, QQ_ALERT_LEASE_S="30")
    alert = await _sent(deployment, server)
    await _report(deployment, server, [1], between)
    await _report(deployment, server, [2, 3], FAR)
    await _report(deployment, server, [3], NEAR)
    await until(lambda: _reached(deployment, inside.size + 1))
    assert not np.isin([1, 2], await deployment.reached()).any()
    request = WHY | {"radius_km": 300.0}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/rings", request))[0] == 200

    async def is_swept() -> bool:
        return bool(np.isin([1], await deployment.reached()).all())

    await until(is_swept)
    await deployment.sent(server, alert)
    # On a busy machine that may take longer than what is for entrants is held without any.
    await _report(deployment, server, [4], FAR)
    await _report(deployment, server, [4], NEAR)
    await until(lambda: _reached(deployment, inside.size + 3))
    assert (await deployment.query("select count(*) from sweep_unit where entrants and lease_until > now()")) == [(1,)]

    async def is_notified() -> bool:
        # Until the server holds reports against the new ring, an entry is left to the pass a minute later.
        await _report(deployment, server, [2], FAR)
        await _report(deployment, server, [2], between)
        return bool(np.isin([2], await deployment.reached()).all())

    await until(is_notified)
    assert (await deployment.counts())["duplicates"] == 0
    assert await _passes(deployment) == 0
