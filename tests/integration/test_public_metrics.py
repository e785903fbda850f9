"""The public `/metrics`, which anybody may ask: nothing there moves with one person, one case or one authority."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import aiohttp

from handlers.cap.model import MessageType
from handlers.cap.writing import document_of
from tests.support.alarms import until_alarmed
from tests.support.cap.messages import message, post
from tests.support.entering import enter, nobody_waits
from tests.support.processes.deployment import SHENZHEN
from tests.support.processes.own_metrics import metrics_text
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env
from tests.support.public.strangers import publish, receipt_of, site_for

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

DEFAULT: Final = {"QQ_ALERT_PRIVACY__PEOPLE_MIN": "100", "QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "86400"}
MOVING: Final = re.compile(
    r"(#|python_|process_|qq_alert_loop_lag_seconds|qq_alert_alarms\{kind=\"(store_away|clock_differs)\")"
)
"""What moves while nothing happens: the process, the event loop's lag, and what a busy machine is late with."""

FAMILIES: Final = {
    "qq_alert_loop_lag_seconds",
    "qq_alert_recipients_total",
    "qq_alert_recipients_of_kind_total",
    "qq_alert_tokens_removed_total",
    "qq_alert_provider_requests_total",
    "qq_alert_queue_batches",
    "qq_alert_parked_batches",
    "qq_alert_requests_in_flight",
    "qq_alert_lane_condition",
    "qq_alert_entrants_total",
    "qq_alert_feed_clients",
    "qq_alert_unreadable_data_total",
    "qq_alert_alarms",
    "qq_alert_failed_signatures_total",
    "qq_alert_failed_tokens_total",
    "qq_alert_cross_site_requests_total",
    "qq_alert_limited_requests_total",
}
"""Another one needs a reason why one person, a case or an authority does not move it."""


async def _series(server: Process) -> dict[str, str]:
    """Return each series of the public listener with its value, but those that move by themselves."""
    lines = [one for one in (await metrics_text(server.url)).splitlines() if MOVING.match(one) is None]
    return dict(one.rsplit(" ", 1) for one in lines)


async def _moved(server: Process, before: dict[str, str]) -> dict[str, float]:
    """Return by how much each series is another one than before."""
    after = await _series(server)
    names = before.keys() | after.keys()
    moved = {name: float(after.get(name, 0)) - float(before.get(name, 0)) for name in names}
    return {name: by for name, by in moved.items() if by or (name in before) != (name in after)}


async def test_an_alert_that_reached_one_person_moves_nothing(deployment: Deployment) -> None:
    """Nor does one that reached nobody: from before the case to when it is sent, every series stays as it was."""
    await deployment.provider()
    server = await deployment.server(**DEFAULT)
    for people in (0, 1):
        await deployment.place([*range(1, people + 1)], SHENZHEN.longitude, SHENZHEN.latitude)
        before = await _series(server)
        _, answer = await deployment.file(server, case_number=f"SZ-{people}")
        await _is_sent(deployment, server, answer["alert"]["id"])
        assert (await deployment.reached()).size == people
        assert await _moved(server, before) == {}
        ended = {"reason": "done", "case_number": f"SZ-{people}"}
        assert (await deployment.post(f"{server.url}/v1/alerts/{answer['alert']['id']}/cancel", ended))[0] == 200


async def test_one_late_entrant_moves_nothing(deployment: Deployment) -> None:
    """After an alert to 150 people somebody comes into its area and is notified."""
    await deployment.provider()
    await deployment.place([*range(1, 151)], SHENZHEN.longitude, SHENZHEN.latitude)
    await deployment.place([1001], SHENZHEN.longitude + 3, SHENZHEN.latitude)
    server = await deployment.server(**DEFAULT)
    _, answer = await deployment.file(server)
    await _is_sent(deployment, server, answer["alert"]["id"])
    before = await _series(server)
    assert before['qq_alert_recipients_total{lane="tpns",notice="alert",outcome="accepted",ring="1"}'] == "100.0"
    await enter(deployment, server, [1001])
    await until(lambda: _has(deployment, 151))
    await until(lambda: nobody_waits(deployment))
    assert await _moved(server, before) == {}


async def test_a_webhook_that_nobody_signed_says_of_no_authority_that_it_exists(deployment: Deployment) -> None:
    """Whatever its kind, a known authority and an unknown one move the same series by as much."""
    server = await deployment.server(**DEFAULT, QQ_ALERT_LIMITS__FAILED_SIGNATURES="2")
    moved = []
    for authority in ("sz", "unheard-of"):
        before = await _series(server)
        async with aiohttp.ClientSession() as session:
            for _ in range(4):
                async with session.post(f"{server.url}/v1/intake/{authority}", data=b"{}") as answer:
                    assert answer.status == 401
        moved.append(await _moved(server, before))
    assert moved == [{"qq_alert_failed_signatures_total": 4.0}] * 2
    await until_alarmed(deployment, server, "failed_signatures")
    assert "failed_signatures" not in str([one for one in await _series(server) if one.startswith("qq_alert_alarms")])


async def test_documents_that_nobody_signed_say_nothing_of_authorities_and_cases(deployment: Deployment) -> None:
    """A Cancel of a live case and a draft for a known authority raise alarms, of which strangers learn nothing."""
    await deployment.provider()
    server = await deployment.server(**DEFAULT)
    _, answer = await deployment.file(server, case_number="SZ-7")
    await _is_sent(deployment, server, answer["alert"]["id"])
    before = await _series(server)
    for authority, case in (("unheard-of", "SZ-7"), ("sz", "SZ-8"), ("sz", "SZ-7")):
        cancel = message(f"X-{authority}-{case}", MessageType.CANCEL, message(case), infos=())
        assert (await post(server, document_of(cancel), authority))[0] == 422
    for authority in ("unheard-of", "sz"):
        assert (await post(server, document_of(message(f"D-{authority}")), authority))[0] == 202
    await until_alarmed(deployment, server, "unverified_cap", "review")
    assert await _moved(server, before) == {}


async def test_a_report_of_a_stranger_moves_nothing(deployment: Deployment) -> None:
    """Neither one of a page that there is, nor one of a page that there never was, which is put aside."""
    await deployment.provider()
    server = await deployment.server(**public_env(deployment, **DEFAULT))
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await _is_sent(deployment, server, alert)
    code, site = await publish(deployment, alert), await site_for(deployment)
    before = await _series(server)
    await receipt_of(site.url, code, "with a kite in the park")

    async def is_taken() -> bool:
        return bool((await deployment.get(f"{server.url}/v1/alerts/{alert}/sightings"))["sightings"])

    await until(is_taken)
    assert await _moved(server, before) == {}


async def test_the_families_of_the_public_listener_are_those_that_were_looked_at(deployment: Deployment) -> None:
    """After work of each kind: what is new there has to be judged first."""
    await deployment.provider()
    await deployment.people(5000)
    server = await deployment.server(**public_env(deployment))
    _, answer = await deployment.file(server)
    await _is_sent(deployment, server, answer["alert"]["id"])
    named = {one.split()[2] for one in (await metrics_text(server.url)).splitlines() if one.startswith("# TYPE qq_")}
    assert named <= FAMILIES
    assert FAMILIES - named <= {"qq_alert_unreadable_data_total"}


async def _is_sent(deployment: Deployment, server: Process, alert: str) -> None:
    """Wait until an alert is sent; not on the feed, whose listeners are counted."""

    async def is_sent() -> bool:
        one = (await deployment.get(f"{server.url}/v1/alerts/{alert}"))["alert"]
        return bool(one["state"] == "sent" and all(ring["units"] == ring["units_done"] for ring in _rings(one)))

    await until(is_sent)


def _rings(alert: dict[str, object]) -> list[dict[str, int]]:
    lanes: dict[str, dict[str, dict[str, dict[str, int]]]] = alert["lanes"]  # type: ignore[assignment]
    return [ring for lane in lanes.values() for ring in lane["rings"].values()]


async def _has(deployment: Deployment, people: int) -> bool:
    return (await deployment.reached()).size == people
