"""Rows of one alert that PostgreSQL refuses, while it takes those of others: they hold up that alert alone, alarmed."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.alarms import alarms_of, until_cleared
from tests.support.processes.processes import until
from tests.support.stores.refusals import rows_refusing

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

BAD, GOOD = "SZ-BAD", "SZ-GOOD"
IS_BAD: Final = (
    f"exists (select from alert a join child_case c on c.id = a.case_id where c.case_number = '{BAD}' and %s)"
)
OF_BAD: Final = IS_BAD % "a.id = (select s.alert_id from sweep s where s.id = new.sweep_id)"
REFUSED: Final = "record_refused"

ENTRANTS: Final = 30
NO_PASS: Final = {"QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "3600"}

UNIT_CHANGES: Final = {
    "searched": "new.searched and not new.done",
    "done": "new.done",
    "given back or done": "new.lease_until is null",
    "extended": "new.lease_owner = old.lease_owner and new.lease_until > old.lease_until",
}
"""What of a unit's changes is refused."""


async def _filed(deployment: Deployment, server: Process, number: str) -> str:
    status, answer = await deployment.file(server, case_number=number)
    assert status == 202
    alert: str = answer["alert"]["id"]
    return alert


async def _until_alarmed(deployment: Deployment, server: Process, alert: str) -> None:
    async def is_raised() -> bool:
        alarms = await alarms_of(deployment, server)
        return any(one["kind"] == REFUSED and one["alert"] == alert for one in alarms)

    await until(is_raised)


async def _is_ready(deployment: Deployment, server: Process) -> bool:
    async with deployment.session() as session, session.get(f"{server.url}/ready") as response:
        return response.status == 200


async def _sent_to_all(deployment: Deployment, server: Process, alert: str, people: int) -> None:
    await deployment.sent(server, alert)
    assert await _recipients(deployment, alert) == [(people,)]


@pytest.mark.parametrize("code", ["XX001", "XX000", "23514", "P0001", "22003"])
async def test_units_that_cannot_be_claimed_hold_up_their_alert_alone(deployment: Deployment, code: str) -> None:
    """The alert beside it is sent to all, servers stay ready, an alarm names the alert; then it is sent, too."""
    await deployment.provider()
    inside = await deployment.people(3_000)
    server = await deployment.server()
    async with rows_refusing(deployment, "update on sweep_unit", OF_BAD, code):
        bad = await _filed(deployment, server, BAD)
        await _until_alarmed(deployment, server, bad)
        await _sent_to_all(deployment, server, await _filed(deployment, server, GOOD), inside.size)
        assert await _recipients(deployment, bad) == []
        assert await _is_ready(deployment, server)
    await _sent_to_all(deployment, server, bad, inside.size)
    await until_cleared(deployment, server, REFUSED)
    assert server.alive


async def test_where_no_alert_is_taken_the_record_as_a_whole_refuses(deployment: Deployment) -> None:
    """Units of two alerts, and no others: an alarm about the record, and servers are not ready until it takes some."""
    await deployment.provider()
    inside = await deployment.people(300)
    server = await deployment.server()
    async with rows_refusing(deployment, "update on sweep_unit", "true", "XX001"):
        alerts = [await _filed(deployment, server, number) for number in (BAD, GOOD)]

        async def refuses() -> bool:
            raised = {one["alert"] for one in await alarms_of(deployment, server) if one["kind"] == REFUSED}
            return {None, *alerts} == raised and not await _is_ready(deployment, server)

        await until(refuses)
    for alert in alerts:
        await _sent_to_all(deployment, server, alert, inside.size)
    await until_cleared(deployment, server, REFUSED)
    assert await _is_ready(deployment, server)


async def _recipients(deployment: Deployment, alert: str) -> list[tuple[int]]:
    rows = await deployment.query(
        "select sum(recipients)::bigint from ledger where alert_id = $1 and outcome = 'accepted' having count(*) > 0",
        alert,
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("change", [*UNIT_CHANGES])
async def test_a_unit_whose_change_is_refused_holds_up_its_alert_alone(deployment: Deployment, change: str) -> None:
    """Searched, done, given back, held for longer: the alert beside it is sent to all, and nobody is notified twice."""
    await deployment.provider("--latency-ms", "100")
    inside = await deployment.people(3_000)
    server = await deployment.server(QQ_ALERT_LEASE_S="1")
    condition = f"{UNIT_CHANGES[change]} and {OF_BAD}"
    async with rows_refusing(deployment, "update on sweep_unit", condition, "XX001"):
        bad = await _filed(deployment, server, BAD)
        if change != "extended":
            await _until_alarmed(deployment, server, bad)
        await _sent_to_all(deployment, server, await _filed(deployment, server, GOOD), inside.size)
        assert await _is_ready(deployment, server)
    await _sent_to_all(deployment, server, bad, inside.size)
    assert (await deployment.counts())["accepted"] == 2 * inside.size, "nobody twice"
    await until_cleared(deployment, server, REFUSED)
    assert server.alive


@pytest.mark.parametrize("code", ["XX001", "23514"])
async def test_outcomes_that_are_refused_hold_up_their_alert_alone(deployment: Deployment, code: str) -> None:
    """What was sent is kept, nothing more of that alert is sent, others go on; then all are notified, nobody twice."""
    await deployment.provider()
    inside = await deployment.people(30_000)
    server = await deployment.server()
    of_bad = IS_BAD % "a.id = new.alert_id"
    async with rows_refusing(deployment, "insert on ledger", of_bad, code):
        bad = await _filed(deployment, server, BAD)
        await _until_alarmed(deployment, server, bad)
        sent = (await deployment.reached()).size
        assert 0 < sent < inside.size
        await _sent_to_all(deployment, server, await _filed(deployment, server, GOOD), inside.size)
        assert await _recipients(deployment, bad) == []
        assert await _is_ready(deployment, server)
    await _sent_to_all(deployment, server, bad, inside.size)
    assert (await deployment.counts())["accepted"] == 2 * inside.size, "nobody twice"
    await until_cleared(deployment, server, REFUSED)
    assert server.alive


async def test_a_server_that_stops_waits_for_outcomes_that_were_refused(deployment: Deployment) -> None:
    """Only it knows whom it notified: the next one goes on with the others, and nobody is notified twice."""
    await deployment.provider()
    inside = await deployment.people(30_000)
    server = await deployment.server()
    async with rows_refusing(deployment, "insert on ledger", IS_BAD % "a.id = new.alert_id", "XX001"):
        bad = await _filed(deployment, server, BAD)
        await _until_alarmed(deployment, server, bad)
        server.send_signal(signal.SIGTERM)
    assert server.wait() == 0
    assert await _recipients(deployment, bad) != []
    server = await deployment.server()
    await _sent_to_all(deployment, server, bad, inside.size)
    assert (await deployment.counts())["accepted"] == inside.size, "nobody twice"


@pytest.mark.parametrize("what", ["update on alert"])
async def test_an_alert_that_cannot_be_moved_holds_up_no_other(deployment: Deployment, what: str) -> None:
    """Its state is refused: others are `sent` when they are, with an alarm about it alone; later it is, too."""
    await deployment.provider()
    inside = await deployment.people(3_000)
    server = await deployment.server()
    condition = f"new.state = 'sent' and {IS_BAD % 'a.id = new.id'}"
    async with rows_refusing(deployment, what, condition, "XX001"):
        bad = await _filed(deployment, server, BAD)
        await _until_alarmed(deployment, server, bad)
        await _sent_to_all(deployment, server, await _filed(deployment, server, GOOD), inside.size)
        assert await _is_ready(deployment, server)
    await deployment.sent(server, bad)
    await until_cleared(deployment, server, REFUSED)


ENTRANT_CHANGES: Final = {
    "claimed": ("update on sweep_unit", OF_BAD),
    "removed": ("delete on entrant", IS_BAD % "a.id = old.alert_id"),
    "shown": ("update on alert", "new.entered_at is distinct from old.entered_at and " + IS_BAD % "a.id = new.id"),
}


@pytest.mark.parametrize("change", [*ENTRANT_CHANGES])
async def test_entrants_of_one_alert_that_are_refused_hold_up_no_other(deployment: Deployment, change: str) -> None:
    """Who enters the area of another alert is notified at once; of this one as soon as it is taken; nobody twice."""
    await deployment.provider()
    inside = await deployment.people(3_000)
    server = await deployment.server(**NO_PASS)
    bad, good = [await _filed(deployment, server, number) for number in (BAD, GOOD)]
    for alert in (bad, good):
        await deployment.sent(server, alert)

    async def reports(longitude: float) -> None:
        at = datetime.now(UTC)
        users = [
            {"user": user, "lane": "tpns", "longitude": longitude, "latitude": 22.55, "at": at}
            for user in range(1, ENTRANTS + 1)
        ]
        assert (await deployment.post(f"{server.url}/v1/devices", users))[0] == 200

    async def have_all(*alerts: str) -> bool:
        return [await _recipients(deployment, one) for one in alerts] == [[(inside.size + ENTRANTS,)]] * len(alerts)

    await reports(100.0)
    async with rows_refusing(deployment, *ENTRANT_CHANGES[change], "XX001"):
        await reports(114.06)
        await until(lambda: have_all(good))
        await _until_alarmed(deployment, server, bad)
        assert await _is_ready(deployment, server)
    await until(lambda: have_all(bad, good))
    assert (await deployment.counts())["accepted"] == 2 * (inside.size + ENTRANTS), "nobody twice"
    assert server.alive
