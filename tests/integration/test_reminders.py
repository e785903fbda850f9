"""Morning reminders: whom the alert reached without a sound at night gets it once more with one, and nobody else."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec
import numpy as np

import sql.ledger
from push.fanout.packing import pack
from server.administration.file_case import send_case
from sql.database import open_pool
from sql.ledger import LedgerRow, Reminding
from tests.support.nights import at_night, by_day, clock
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.providers.notified import recording_tpns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process
    from tests.support.providers.notified import RecordingTpns

PEOPLE: Final = 3_000
NEWER: Final = "他在罗湖 / seen in Luohu"
WHY: Final = {"reason": "because of a test", "case_number": CASE["case_number"]}
NIGHT_H: Final = 3.0
"""So many hours later it is morning."""


async def prefer(deployment: Deployment, server: Process, rows: list[dict[str, Any]]) -> None:
    """Set what users prefer."""
    answer = await deployment.post(f"{server.url}/v1/preferences", rows)
    assert answer == (200, {"accepted": len(rows), "rejected": []})


async def heard(provider: RecordingTpns, users: NDArray[np.int64]) -> None:
    """Wait until it made a sound for these users, once each, and for nobody else."""

    async def all_heard() -> bool:
        return provider.notified.with_sound.size >= users.size

    await until(all_heard)
    assert np.array_equal(provider.notified.with_sound, np.sort(users))


async def actions(deployment: Deployment, server: Process, alert: str) -> list[dict[str, Any]]:
    """Return the events that the audit trail has of reminders of an alert."""
    trail = await deployment.get(f"{server.url}/v1/audit")
    events = [one["content"]["event"] for one in trail["events"]]
    return [event for event in events if (event["action"], event["alert"]) == ("remind", alert)]


async def test_who_was_notified_silently_at_night_hears_it_once_in_the_morning_as_they_prefer(
    deployment: Deployment,
) -> None:
    """Not who is off or wants no sound; who is in quiet hours then hears it with a later pass, once these are over."""
    async with recording_tpns(deployment) as provider:
        inside = await deployment.people(PEOPLE)
        server = await deployment.server(**at_night())
        silent, off, quiet, turned_off = inside[:50], inside[50:100], inside[100:150], inside[150:200]
        hours = {"from": clock(-1), "until": clock(5), "time_zone": "Asia/Shanghai"}
        await prefer(
            deployment,
            server,
            [
                *({"user": user, "silent": True} for user in silent.tolist()),
                *({"user": user, "off": True} for user in off.tolist()),
                *({"user": user, "quiet_hours": hours} for user in quiet.tolist()),
            ],
        )
        _, answer = await deployment.file(server)
        alert = answer["alert"]["id"]
        await deployment.sent(server, alert)
        assert provider.notified.with_sound.size == 0
        reached = np.concatenate([inside[:50], inside[100:]])
        assert np.array_equal(provider.notified.of(provider.notified.first), reached)

        async def planned() -> bool:
            return bool((await deployment.get(f"{server.url}/v1/alerts/{alert}"))["alert"].get("reminders"))

        await until(planned)
        [reminder] = (await deployment.get(f"{server.url}/v1/alerts/{alert}"))["alert"]["reminders"]
        assert reminder["people"] == reached.size - silent.size
        assert await actions(deployment, server, alert) == []
        await prefer(deployment, server, [{"user": user, "off": True} for user in turned_off.tolist()])
        texts = {locale: {"title": NEWER, "body": NEWER} for locale in ("zh-CN", "en")}
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/update", WHY | {"texts": texts}))[0] == 200

        async def are_updated() -> bool:
            return provider.notified.of(NEWER).size == reached.size - turned_off.size

        await until(are_updated)
        server.end()

        server = await deployment.server(**by_day())
        await deployment.pass_time(NIGHT_H)
        await heard(provider, inside[200:])
        assert provider.notified.titles_with_sound == {NEWER}
        [event] = await actions(deployment, server, alert)
        assert (event["actor"], event["details"]) == ("system", {"without_a_sound": reached.size - silent.size})
        summary = await deployment.get(f"{server.url}/v1/alerts/{alert}/summary")
        assert summary["counts"]["reminder"]["accepted"] == inside[200:].size
        async with deployment.session() as session, session.get(f"{server.url}/metrics") as response:
            metrics = await response.text()
        assert re.search(r'recipients_total{lane="tpns",notice="reminder",outcome="accepted"', metrics)
        await prefer(deployment, server, [{"user": user} for user in quiet.tolist()])
        await deployment.pass_time(0.4)
        await heard(provider, np.concatenate([quiet, inside[200:]]))
        assert provider.notified.titles == {provider.notified.first, NEWER}
        assert len(provider.notified.numbers) == 1


async def test_a_pause_holds_a_reminder_and_an_end_stops_it(deployment: Deployment) -> None:
    """Of four alerts one is paused, one cancelled, one ends before the morning, and one goes on: it alone comes."""
    await deployment.provider()
    await deployment.people(PEOPLE)
    server = await deployment.server(**at_night())
    alerts: list[str] = []
    for number in range(4):
        _, answer = await deployment.file(server, case_number=f"SZ-{number}")
        alerts.append(answer["alert"]["id"])
        await deployment.sent(server, alerts[-1])
    paused, cancelled, ending, goes_on = alerts
    url = f"{server.url}/v1/alerts"
    assert (await deployment.post(f"{url}/{paused}/pause", {"reason": WHY["reason"]}))[0] == 200
    assert (await deployment.post(f"{url}/{cancelled}/cancel", WHY | {"case_number": "SZ-1"}))[0] == 200
    await deployment.query("update alert set expires = now() + interval '1 hour' where id = $1", ending)
    assert {*await _reminders(deployment)} == {*alerts}
    server.end()
    server = await deployment.server(**by_day())
    await deployment.pass_time(NIGHT_H)

    async def has_come(alert: str) -> bool:
        return (await _reminders(deployment))[alert] > 0

    await until(lambda: has_come(goes_on))
    reminded = await _reminders(deployment)
    assert [reminded[alert] for alert in (paused, cancelled, ending)] == [0, 0, 0]
    assert len(await actions(deployment, server, goes_on)) == 1
    confirmed = WHY | {"case_number": "SZ-0"}
    assert (await deployment.post(f"{server.url}/v1/alerts/{paused}/resume", confirmed))[0] == 200
    await until(lambda: has_come(paused))
    reminded = await _reminders(deployment)
    assert [reminded[alert] for alert in (cancelled, ending)] == [0, 0]


async def _reminders(deployment: Deployment) -> dict[str, int]:
    """Return how many people were reminded of each alert that has a reminder."""
    rows = await deployment.query(
        """select s.alert_id, sum(u.accepted)::integer from sweep s join sweep_unit u on u.sweep_id = s.id
           where s.notice = 'reminder' group by s.alert_id"""
    )
    return {str(alert): accepted for alert, accepted in rows}


async def test_a_kind_has_reminders_where_its_policy_says_so_and_the_preview_says_that_it_comes(
    deployment: Deployment,
) -> None:
    """Off for children, on for people with dementia: nothing of a child's alert is noted, planned or shown."""
    await deployment.provider()
    await deployment.people(PEOPLE)
    night = at_night()
    kind = f'{{night_from = "{clock(-2)}", night_until = "{clock(2)}", night_rings = 0, morning_reminder = true}}'
    server = await deployment.server(
        **night | {"QQ_ALERT_ALERT__SOUND__MORNING_REMINDER": "false"},
        QQ_ALERT_ALERT__KINDS__DEMENTIA__SOUND=kind,
        QQ_ALERT_ALERT__KINDS__DEMENTIA__POLICY="qq",
    )
    _, child = await deployment.file(server)
    await deployment.sent(server, child["alert"]["id"])
    case = {name: value for name, value in CASE.items() if name != "child"}
    elder = {"kind": "dementia", "name": "李桂芳", "age": 82, "sex": "female"}
    body = msgspec.json.encode(case | {"case_number": "SZ-2", "subject": elder})
    status, answer = await send_case(server.url, "sz", deployment.secret, body)
    assert status == 202
    alert = msgspec.json.decode(answer)["alert"]["id"]
    await deployment.sent(server, alert)
    noted = await deployment.query("select distinct alert_id from silently_notified")
    assert [str(row[0]) for row in noted] == [alert]
    assert {*await _reminders(deployment)} == {alert}
    shown = await deployment.get(f"{server.url}/v1/alerts/{child['alert']['id']}/preview")
    assert "reminder" not in shown
    shown = await deployment.get(f"{server.url}/v1/alerts/{alert}/preview")
    due_at = datetime.fromisoformat(shown["reminder"]["due_at"])
    assert timedelta(hours=1) < due_at - datetime.now(UTC) <= timedelta(hours=2)
    # A Redis that is late gives no estimate.
    estimate = shown["alert"]["estimate"]
    assert shown["reminder"]["people"] == (None if estimate is None else estimate["people"])


async def test_who_is_recorded_after_the_reminder_was_through_is_reminded_as_well(deployment: Deployment) -> None:
    """As by a server that lost its connection to the record at night, and got it back in the morning."""
    async with recording_tpns(deployment) as provider:
        inside = await deployment.people(500)
        server = await deployment.server(**at_night())
        _, answer = await deployment.file(server)
        alert = UUID(answer["alert"]["id"])
        await deployment.sent(server, str(alert))
        server.end()
        server = await deployment.server(**by_day())
        await deployment.pass_time(NIGHT_H)
        await heard(provider, inside)
        far = 77_000_001
        await deployment.place([far], 100.0, 30.0)
        [(morning, unit)] = await deployment.query(
            """select distinct n.morning, (select min(l.unit_id) from ledger l where l.alert_id = n.alert_id)
               from silently_notified n"""
        )
        late = LedgerRow(
            alert,
            "alert",
            0,
            1024,
            1,
            "accepted",
            "tpns",
            unit,
            1,
            pack(np.array([far], dtype=np.int64)),
            1,
            "zh-CN",
            Reminding(morning, datetime.now(UTC) - timedelta(hours=1)),
        )
        pool = await open_pool(deployment.database_url)
        for _ in range(2):
            await sql.ledger.commit(pool, [late])
        await pool.close()
        await heard(provider, np.append(inside, far))
