"""People with dementia and disabilities: rings, sound, channel and counts of their own; a child's stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

from server.administration.file_case import send_case
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.providers.notified import recording_tpns

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

ELDER: Final = {"kind": "dementia", "name": "李桂芳", "age": 82, "sex": "female", "clothing": "灰色外套"}
NEAR: Final = 22_000_001
FAR: Final = 22_000_002
"""Six km north: in the second ring."""

OUT: Final = 22_000_003
NEVER: Final = '{night_from = "00:00", night_until = "23:59", night_rings = 0}'


async def _file(deployment: Deployment, server: Process, **changes: object) -> dict[str, Any]:
    body = {name: value for name, value in CASE.items() if name != "child"} | {"subject": ELDER} | changes
    status, answer = await send_case(server.url, "sz", deployment.secret, msgspec.json.encode(body))
    assert status == 202, answer
    alert: dict[str, Any] = msgspec.json.decode(answer)["alert"]
    return alert


async def _people(deployment: Deployment) -> None:
    seen = CASE["last_seen"]
    for user, north in ((NEAR, 0.0), (FAR, 0.054), (OUT, 0.2)):
        await deployment.place([user], seen["longitude"], seen["latitude"] + north)


async def test_an_elder_with_dementia_has_rings_of_3_and_10_km_and_is_counted_apart(deployment: Deployment) -> None:
    """In the answer, the list, the feed, the summary and the metrics; a child beside has the usual policy."""
    await deployment.provider()
    await _people(deployment)
    server = await deployment.server()
    alert = await _file(deployment, server)
    assert (alert["subject_kind"], alert["policy"]) == ("dementia", "nearby")
    assert [ring["radius_km"] for ring in alert["rings"]] == [3, 10]
    progress = await deployment.sent(server, alert["id"])
    assert (progress["subject_kind"], progress["lanes"]["tpns"]["accepted"]) == ("dementia", 1)
    assert (await deployment.reached()).tolist() == [NEAR]
    await deployment.pass_time(1.1)

    async def both() -> bool:
        return bool((await deployment.reached()).tolist() == [NEAR, FAR])

    await until(both)
    _, child = await deployment.file(server, case_number="SZ-2")
    assert (child["alert"]["subject_kind"], child["alert"]["policy"]) == ("child", "qq")
    await deployment.sent(server, child["alert"]["id"])
    listed = (await deployment.get(f"{server.url}/v1/alerts"))["alerts"]
    assert {one["case_number"]: one["subject_kind"] for one in listed} == {
        CASE["case_number"]: "dementia",
        "SZ-2": "child",
    }
    summary = await deployment.get(f"{server.url}/v1/alerts/{alert['id']}/summary")
    assert msgspec.json.encode(summary).count(b'"subject_kind":"dementia"') == 1
    async with deployment.session() as session, session.get(f"{server.url}/metrics") as response:
        lines = (await response.text()).splitlines()
    counted = [line for line in lines if line.startswith("qq_alert_recipients_of_kind_total")]
    assert [line.split()[-1] for line in counted if 'subject_kind="dementia"' in line] == ["2.0"]
    assert [line.split()[-1] for line in counted if 'subject_kind="child"' in line] == ["3.0"]


@pytest.mark.parametrize("kind", ["dementia", "disability"])
async def test_settings_give_a_kind_its_policy_its_sound_and_its_channel(deployment: Deployment, kind: str) -> None:
    """A child's alert of the same server has the usual rings, sound and channel."""
    async with recording_tpns(deployment) as tpns:
        await _people(deployment)
        server = await deployment.server(
            **{
                f"QQ_ALERT_ALERT__KINDS__{kind.upper()}__POLICY": "one",
                f"QQ_ALERT_ALERT__KINDS__{kind.upper()}__SOUND": NEVER,
                "QQ_ALERT_POLICIES__ONE__RINGS": "[{radius_km = 8}]",
                f"QQ_ALERT_LANES__TPNS__KINDS__{kind.upper()}__CHANNEL_ID": "missing_elder",
            }
        )
        alert = await _file(deployment, server, subject={**ELDER, "kind": kind})
        assert (alert["subject_kind"], alert["policy"]) == (kind, "one")
        await deployment.sent(server, alert["id"])
        elder = tpns.notified.first
        _, child = await deployment.file(server, case_number="SZ-2")
        await deployment.sent(server, child["alert"]["id"])
    assert len(tpns.phones) == 2
    for title, message in tpns.phones.items():
        rings = msgspec.json.decode(message.android["ring"])
        channel = msgspec.json.decode(message.android["n_ch_id"])
        level = msgspec.json.decode(message.ios["aps"])["interruption-level"]
        assert (channel, rings, level) == (
            ("missing_elder", 0, "passive") if title == elder else ("missing_child", 1, "time-sensitive")
        )
