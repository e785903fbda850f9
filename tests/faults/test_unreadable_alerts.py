"""An alert that cannot be read, damaged or of another version, is left out with an alarm: all others go on."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import aiohttp
import numpy as np
from lxml import etree

from tests.support.cap.documents import keys
from tests.support.cap.messages import public_settings
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

NO_PASS: Final = {"QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "3600"}
ATOM: Final = "{http://www.w3.org/2005/Atom}"
USER: Final = 77
NEAR: Final = (114.06, 22.55)
DAMAGES: Final = {
    "A": "update alert set jurisdiction = 'damaged' where id = $1",
    "B": "update alert set city_polygon = decode('0106000000', 'hex') where id = $1",
    "C": "update ring set radius_km = 'NaN' where alert_id = $1",
    "D": "update ring set longitude = 500, latitude = 0 where alert_id = $1",
    "F": """update alert set content = '{"texts": {}}' where id = $1""",
    "E": "update alert set estimate = '[1]' where id = $1",
    "G": "update alert set unverified_messages = '{null, Update: it is not signed}' where id = $1",
    "H": "update alert set held_for = '{null, a reason of a newer version}' where id = $1",
    "I": "update alert set unverified_messages = '{{Update},{Cancel}}' where id = $1",
}
"""By case number. Of F only the units cannot be read, and they are parked; of E only the estimate, of `WORDS` only
words beside it: they are sent all the same."""

WORDS: Final = ("G", "H", "I")


async def _unreadable(deployment: Deployment, server: Process, alert: str | None) -> bool:
    alarms = (await deployment.get(f"{server.url}/v1/alarms"))["alarms"]
    return any(one["kind"] == "unreadable_data" and one["alert"] == alert for one in alarms)


async def _accepted(deployment: Deployment, messages: int) -> bool:
    return bool((await deployment.counts())["accepted"] == messages)


async def _published(server: Process) -> set[str]:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/v1/public/alerts.atom") as response:
        entries = etree.fromstring(await response.read()).findall(f"{ATOM}entry")
    return {str(entry.findtext(f"{ATOM}id")).removeprefix("urn:uuid:") for entry in entries}


async def test_a_server_starts_beside_alerts_that_nobody_can_read_and_all_others_go_on(
    deployment: Deployment, tmp_path: Path
) -> None:
    """Each has its alarm, its units are parked, and who enters the areas of others is notified, as of a new alert.

    The public feed has all others, too, and one whose city cannot be read but is no part of it.
    """
    settings = NO_PASS | public_settings(tmp_path, keys(days=36_500))
    await deployment.provider()
    inside = await deployment.people(1_000)
    server = await deployment.server(**settings)
    alerts: dict[str, str] = {}
    for number in (*DAMAGES, "good"):
        _, answer = await deployment.file(server, case_number=number)
        alerts[number] = answer["alert"]["id"]
        await deployment.sent(server, alerts[number])
    sent = inside.size * len(alerts)
    assert await _accepted(deployment, sent)
    server.end()
    for number, damage in DAMAGES.items():
        await deployment.query(damage, alerts[number])
    await deployment.query("update sweep_unit set done = false where not entrants")

    server = await deployment.server(**settings)
    for number in {*DAMAGES} - {"F"}:
        await until(partial(_unreadable, deployment, server, alerts[number]))
    await until(partial(_unreadable, deployment, server, None))
    assert not await _unreadable(deployment, server, alerts["good"])
    row = {"user": USER, "lane": "tpns", "longitude": NEAR[0], "latitude": NEAR[1], "at": datetime.now(UTC)}
    assert await deployment.post(f"{server.url}/v1/devices", [row]) == (200, {"accepted": 1, "rejected": []})
    entered = sent + 2 + len(WORDS)
    await until(partial(_accepted, deployment, entered))
    listed = (await deployment.get(f"{server.url}/v1/alerts"))["alerts"]
    assert {one["id"] for one in listed} == {*alerts.values()}
    assert await _published(server) == {alerts[number] for number in ("B", "E", *WORDS, "good")}
    _, answer = await deployment.file(server, case_number="new")
    await deployment.sent(server, answer["alert"]["id"])
    await until(partial(_accepted, deployment, entered + inside.size + 1))
    assert np.array_equal(await deployment.reached(), np.union1d(inside, [USER]))
    assert (await deployment.get(f"{server.url}/v1/alerts/{alerts['good']}/area"))["features"]
    assert await _bugs(deployment, server, [*alerts.values()]) == []
    assert server.alive


async def _bugs(deployment: Deployment, server: Process, alerts: list[str]) -> list[str]:
    """Return what is answered by a bug, of all that is read of alerts."""
    found = []
    async with deployment.session() as session:
        for alert in alerts:
            for part in ("", "/preview", "/summary", "/area", "/rates", "/funnel", "/photo", "/trail", "/sightings"):
                async with session.get(f"{server.url}/v1/alerts/{alert}{part}") as response:
                    if response.status >= 500:
                        found.append(f"{alert}{part}: {response.status}")
    return found


async def test_the_data_of_a_child_goes_although_the_drawn_area_cannot_be_read(deployment: Deployment) -> None:
    """Nothing of the area is kept then, the alert is closed, and the server goes on."""
    await deployment.provider()
    server = await deployment.server(QQ_ALERT_RETENTION__LOOK_S="0.1")
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.query("update alert set city_polygon = 'damaged', city = null where id = $1", alert)
    why = {"reason": "at home", "case_number": CASE["case_number"]}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", why))[0] == 200
    await deployment.pass_time(1_000)

    async def is_closed() -> bool:
        return bool((await deployment.query("select state from alert"))[0][0] == "closed")

    await until(is_closed)
    assert (await deployment.query("select city_polygon from alert"))[0][0] == b""
    assert server.alive
