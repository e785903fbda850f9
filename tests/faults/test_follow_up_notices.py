"""Follow-up notices: whoever was notified of an alert learns once how it ended, and nobody else does."""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from push.fanout.entrants.late_entrants import NOTICES_APART_LEAST
from server.simulators.faults import Fault
from tests.support.processes.deployment import CASE, SHENZHEN
from tests.support.processes.processes import until
from tests.support.providers.notified import CANCEL, FOUND, RecordingHuaweiLane, recording_tpns, units_released
from tests.support.stores.changing_lanes import expire_lane_changes, report

if TYPE_CHECKING:
    from uuid import UUID

    from numpy.typing import NDArray

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process
    from tests.support.providers.notified import Notified

PEOPLE: Final = 20_000
"""About half are within 120 km, in 64 units: more requests than the gate passes and holds together."""

WORKERS: Final = 4
THROUGH: Final = 2
UPDATED: Final = "Seen near the station"
WHY: Final = {"reason": "because of a test", "case_number": CASE["case_number"]}
REASON: Final = {"reason": "because of a test"}
TEXTS: Final = {"texts": {locale: {"title": UPDATED, "body": "A child in red"} for locale in ("zh-CN", "en")}}
FAR: Final = (100.0, 35.0)
NOWHERE: Final = CASE["last_seen"] | {"longitude": 90.0, "latitude": 40.0}
HERE: Final = (SHENZHEN.longitude, SHENZHEN.latitude)


async def filed(deployment: Deployment, server: Process, **changes: object) -> str:
    _, answer = await deployment.file(server, **changes)
    alert: str = answer["alert"]["id"]
    return alert


async def act(
    deployment: Deployment, server: Process, alert: str, action: str, change_request: dict[str, Any] | None = None
) -> None:
    body = REASON if action == "pause" else WHY | (change_request or {})
    status, answer = await deployment.post(f"{server.url}/v1/alerts/{alert}/{action}", body)
    assert status == 200, answer


async def wait_until_done(deployment: Deployment, notice: str, passes: int = 0) -> None:
    """Wait until all units of a notice are done, and this many further passes have been made."""

    async def is_done() -> bool:
        query = """select count(*) filter (where not u.done), min(u.passes)
                   from sweep s join sweep_unit u on u.sweep_id = s.id where s.notice = $1"""
        left, least = (await deployment.query(query, notice))[0]
        return bool(left == 0 and least == passes)

    await until(is_done)


async def _at_rest(deployment: Deployment) -> None:
    """Wait until no process holds a unit, so that no request is in flight."""

    async def rests() -> bool:
        return not await deployment.query("select 1 from sweep_unit where not done and lease_until > now()")

    await until(rests)


async def accepted(deployment: Deployment, alert: str | UUID) -> int:
    """Return how many recipients of the alert the ledger holds."""
    query = "select sum(recipients)::int from ledger where alert_id = $1 and notice = 'alert' and outcome = 'accepted'"
    return int((await deployment.query(query, alert))[0][0] or 0)


def _by(users: NDArray[np.int64], *, without: NDArray[np.int64], also: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.union1d(np.setdiff1d(users, without), also)


def once(recipients: Notified, title: str, users: NDArray[np.int64]) -> None:
    np.testing.assert_array_equal(recipients.of(title), np.sort(users))


async def test_found_reaches_everybody_notified_once_at_any_place_and_in_their_present_lane(
    deployment: Deployment,
) -> None:
    """Also users who left, or changed lanes; neither users forgotten meanwhile nor later arrivals."""
    huawei = RecordingHuaweiLane(deployment)
    async with recording_tpns(deployment) as tpns, huawei.serving():
        accounts, devices = await deployment.people(PEOPLE), await huawei.people(3000)
        server = await deployment.server(**huawei.env(), QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S="60")
        alert = await filed(deployment, server)
        await deployment.sent(server, alert)
        once(tpns.notified, tpns.notified.first, accounts)
        once(huawei.notified, tpns.notified.first, devices)
        left, forgotten, long_ago, just_now = accounts[:500], accounts[500:503], accounts[600:800], accounts[800:900]
        back_long_ago, back_just_now = devices[:100], devices[100:150]
        await report(deployment, "tpns", left, FAR, huawei)
        await report(deployment, "tpns", np.arange(1, 300), HERE, huawei)
        await report(deployment, "huawei", np.arange(301, 400), HERE, huawei)
        await report(deployment, "huawei", long_ago, FAR, huawei)
        await report(deployment, "tpns", back_long_ago, HERE, huawei)
        await expire_lane_changes(deployment)
        await report(deployment, "huawei", just_now, HERE, huawei)
        await report(deployment, "tpns", back_just_now, FAR, huawei)
        async with deployment.session() as session:
            for user in forgotten.tolist():
                await session.delete(f"{server.url}/v1/users/{user}")

        await act(deployment, server, alert, "found", {"through_alert": True})
        await wait_until_done(deployment, "found")
        gone = np.concatenate([forgotten, long_ago, just_now])
        by_account = _by(accounts, without=gone, also=back_long_ago)
        by_token = _by(devices, without=np.concatenate([back_long_ago, back_just_now]), also=long_ago)
        once(tpns.notified, FOUND, by_account)
        once(huawei.notified, FOUND, by_token)
        # A user who changed lanes within the last minute might be in a request of either lane: only a pass after
        # that reaches them. A second alert without any audience shows that passes were made before.
        await deployment.pass_time(60 / 3600)
        await deployment.sent(server, await filed(deployment, server, case_number="SZ-2", last_seen=NOWHERE))
        await wait_until_done(deployment, "found", passes=0)
        await expire_lane_changes(deployment)
        await deployment.pass_time(NOTICES_APART_LEAST / timedelta(hours=1))
        await wait_until_done(deployment, "found", passes=1)
        once(tpns.notified, FOUND, np.union1d(by_account, back_just_now))
        once(huawei.notified, FOUND, np.union1d(by_token, just_now))
        assert tpns.notified.titles == huawei.notified.titles == {tpns.notified.first, FOUND}
        assert len(tpns.notified.numbers | huawei.notified.numbers) == 1, (
            "the last notice replaces the first on the phone"
        )


async def test_found_in_the_middle_stops_the_alert_and_reaches_everybody_notified_until_then(
    deployment: Deployment,
) -> None:
    """No request of the alert begins after the answer; those in flight get both notices, all others neither."""
    async with recording_tpns(deployment) as tpns:
        inside = await deployment.people(PEOPLE)
        server = await deployment.server(QQ_ALERT_LEASE_S="15")
        tpns.gate.close_after(THROUGH)
        alert = await filed(deployment, server)
        await tpns.gate.holds(WORKERS)
        begun = len(tpns.notified.begun)
        assert begun == THROUGH + WORKERS
        await act(deployment, server, alert, "found")
        assert len(tpns.notified.begun) == begun, "no last notice before the requests in flight have their outcome"
        tpns.gate.open()
        await wait_until_done(deployment, "found")
        notified = tpns.notified.of(tpns.notified.first)
        assert len(tpns.notified.times(tpns.notified.first)) == begun
        assert 0 < notified.size < inside.size
        assert notified.size == await accepted(deployment, alert)
        assert np.unique(notified).size == notified.size
        once(tpns.notified, FOUND, notified)


async def test_a_server_killed_during_the_last_notice_loses_no_recipient(deployment: Deployment) -> None:
    """SIGKILL with batches in flight: everybody notified gets the last notice; only those batches are repeated."""
    async with recording_tpns(deployment) as tpns:
        inside = await deployment.people(PEOPLE)
        server = await deployment.server()
        alert = await filed(deployment, server)
        await deployment.sent(server, alert)
        tpns.gate.close_after(THROUGH)
        await act(deployment, server, alert, "found")
        await tpns.gate.holds(WORKERS)
        assert len(tpns.notified.times(FOUND)) == THROUGH + WORKERS
        server.end(signal.SIGKILL)
        tpns.gate.open()
        await deployment.server()
        await wait_until_done(deployment, "found")
        once(tpns.notified, tpns.notified.first, inside)
        found = tpns.notified.of(FOUND)
        np.testing.assert_array_equal(np.unique(found), inside)
        assert found.size - inside.size <= WORKERS * tpns.notified.largest(FOUND)


async def test_pause_update_and_resume_in_the_middle_send_each_text_once(
    deployment: Deployment,
) -> None:
    """Those notified before get the update once; all others get the new text as their first, and no update."""
    async with recording_tpns(deployment) as tpns:
        inside = await deployment.people(PEOPLE)
        server = await deployment.server()
        tpns.gate.close_after(THROUGH)
        alert = await filed(deployment, server)
        await tpns.gate.holds(WORKERS)
        await act(deployment, server, alert, "pause")
        tpns.gate.open()
        await _at_rest(deployment)
        begun = len(tpns.notified.begun)
        first = tpns.notified.first
        before = tpns.notified.of(first)
        assert begun == THROUGH + WORKERS
        await act(deployment, server, alert, "resume")
        # Requests are held again, so that the update comes in the middle as well.
        tpns.gate.close_after(0)
        await act(deployment, server, alert, "update", TEXTS)
        tpns.gate.open()
        await deployment.sent(server, alert)
        await wait_until_done(deployment, "update")
        notified = tpns.notified.of(first)
        assert np.isin(before, notified).all()
        assert tpns.notified.titles == {first, UPDATED}
        # The update and the others' first message have the same title, which reaches everybody once.
        once(tpns.notified, UPDATED, inside)
        assert np.unique(notified).size == notified.size
        assert notified.size < inside.size
        recorded = "select notice, message_version, sum(recipients)::int from ledger group by 1, 2 order by 1, 2"
        assert await deployment.query(recorded) == [
            ("alert", 1, notified.size),
            ("alert", 2, inside.size - notified.size),
            ("update", 2, notified.size),
        ]


async def test_cancel_during_an_outage_reaches_everybody_notified_once_it_is_over(deployment: Deployment) -> None:
    """After the cancel the alert is sent to nobody; those who never got it do not get the cancel either."""
    async with recording_tpns(deployment) as tpns:
        await deployment.people(PEOPLE)
        server = await deployment.server()
        tpns.gate.close_after(THROUGH)
        alert = await filed(deployment, server)
        await tpns.gate.holds(WORKERS)
        tpns.faults.outage, tpns.faults.outage_by = True, Fault.UNAVAILABLE
        tpns.gate.open()

        async def breaker_is_open() -> bool:
            async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
                snapshot = await feed.receive_json()
            return "outage" in {alarm["kind"] for alarm in snapshot["alarms"]}

        await until(breaker_is_open)
        await act(deployment, server, alert, "cancel")
        await until(lambda: units_released(deployment))
        first = tpns.notified.first
        notified, begun = tpns.notified.of(first), len(tpns.notified.times(first))
        tpns.faults.outage = False
        await wait_until_done(deployment, "cancel")
        assert notified.size == await accepted(deployment, alert) > 0
        assert len(tpns.notified.times(first)) == begun
        once(tpns.notified, first, notified)
        once(tpns.notified, CANCEL, notified)
