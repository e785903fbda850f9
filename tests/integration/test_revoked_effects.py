"""What a revoked authority or token set going stops: notices, sends, pages of the public, and photos on their way."""

from __future__ import annotations

from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import aiohttp
import msgspec
import pytest

from handlers.http.roles import Role
from push.alerts.review import Review
from server.administration.file_case import send_case, signed_headers
from tests.support.alarms import alarms_of
from tests.support.cap.documents import keys
from tests.support.cap.messages import public_settings
from tests.support.life.officers import Officers
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env
from tests.support.providers.notified import recording_tpns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.processes.deployment import Deployment
    from tests.support.providers.notified import Gate

GATED: Final = {
    "QQ_ALERT_ALERT__UNIT_PEOPLE": "100",
    "QQ_ALERT_LANES__TPNS__TIMEOUT_S": "120",
    "QQ_ALERT_LANES__TPNS__WORKERS": "1",
    "QQ_ALERT_LEASE_S": "30",
}
"""Many requests, one at a time, each for as long as a test holds it: nothing is over while it revokes somebody."""

NUMBER: Final = CASE["case_number"]
PEOPLE: Final = 1500
TEXTS: Final = {locale: {"title": "Missing", "body": "words of a thief"} for locale in ("zh-CN", "en")}


@asynccontextmanager
async def _gated(deployment: Deployment) -> AsyncIterator[tuple[Officers, Gate]]:
    """Run a provider whose requests a test holds, with a server and people."""
    async with recording_tpns(deployment) as tpns:
        await deployment.people(PEOPLE)
        officers = Officers(deployment, await deployment.server(**GATED))
        await officers.token("Li", Role.APPROVER, "Li")
        yield officers, tpns.gate


async def _begun(officers: Officers, gate: Gate, notice: str, alert: str) -> None:
    """Wait until some have got a notice, and the next request is held."""

    async def is_begun() -> bool:
        return await officers.recipients(notice, alert) > 0

    await until(is_begun)
    await gate.holds(1)


async def _stands(officers: Officers, notice: str, alert: str) -> int:
    """Wait until nothing of a notice is worked on; returns how many have got it."""
    working = """select 1 from sweep s join sweep_unit u on u.sweep_id = s.id
                 where s.alert_id = $1 and s.notice = $2 and not u.done and u.lease_until > now()"""

    async def is_still() -> bool:
        return await officers.deployment.query(working, alert, notice) == []

    await until(is_still)
    return await officers.recipients(notice, alert)


async def _alarmed(officers: Officers, alert: str, *, is_there: bool = True) -> None:
    async def is_so() -> bool:
        standing = await alarms_of(officers.deployment, officers.server)
        return any((one["kind"], one["alert"]) == ("filer_revoked", alert) for one in standing) is is_there

    await until(is_so)


async def _say(officers: Officers, notice: str) -> int:
    """Say a notice with the signature of the authority."""
    deployment = officers.deployment
    body = msgspec.json.encode({"case_number": NUMBER, "notice": notice, "reason": "because of a test"})
    headers = {"Content-Type": "application/json", **signed_headers(deployment.secret, body)}
    url = f"{officers.server.url}/v1/intake/sz/notices"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
        return response.status


async def _sent(officers: Officers) -> str:
    alert: str = (await officers.deployment.file(officers.server))[1]["alert"]["id"]
    await officers.deployment.sent(officers.server, alert)
    return alert


@pytest.mark.parametrize("notice", ["found", "cancel"])
async def test_the_end_that_a_revoked_authority_said_is_held_until_somebody_decides(
    deployment: Deployment, notice: str
) -> None:
    """The alert stays over; nobody more is told, with an alarm, until it is resumed."""
    async with _gated(deployment) as (officers, gate):
        alert = await _sent(officers)
        gate.close_after(1)
        assert await _say(officers, notice) == HTTPStatus.OK
        await _begun(officers, gate, notice, alert)
        printed = await deployment.run("authority", "revoke", "sz")
        assert f"{alert}\tits end is held" in printed
        gate.open()
        told = await _stands(officers, notice, alert)
        everybody = await officers.recipients("alert", alert)
        assert 0 < told < everybody
        await _alarmed(officers, alert)
        state = {"found": "found", "cancel": "cancelled"}[notice]
        assert await officers.state(alert) == state
        assert await officers.recipients(notice, alert) == told
        assert (await officers.act(alert, "resume", by="Li"))[0] == HTTPStatus.OK
        await officers.wait_until_notified(notice, alert, everybody)
        await _alarmed(officers, alert, is_there=False)


async def test_an_end_that_somebody_else_said_goes_on(deployment: Deployment) -> None:
    """An officer's word that the child is found reaches everybody although the authority was revoked meanwhile."""
    async with _gated(deployment) as (officers, gate):
        alert = await _sent(officers)
        gate.close_after(1)
        assert (await officers.act(alert, "found", by="Li"))[0] == HTTPStatus.OK
        await _begun(officers, gate, "found", alert)
        assert "held" not in await deployment.run("authority", "revoke", "sz")
        gate.open()
        await officers.wait_until_notified("found", alert, await officers.recipients("alert", alert))


@pytest.mark.parametrize("keeps", [False, True])
async def test_an_update_of_a_revoked_token_goes_no_further(deployment: Deployment, *, keeps: bool) -> None:
    """Its alert is paused, with an alarm, until somebody resumes it; `--keep-live` is for who only leaves."""
    async with _gated(deployment) as (officers, gate):
        token = await officers.token("Eve", Role.OPERATOR, "Eve")
        alert = await _sent(officers)
        gate.close_after(1)
        assert (await officers.act(alert, "update", by="Eve", texts=TEXTS))[0] == HTTPStatus.OK
        await _begun(officers, gate, "update", alert)
        printed = await deployment.run("token", "revoke", str(token), *(["--keep-live"] if keeps else []))
        gate.open()
        everybody = await officers.recipients("alert", alert)
        if keeps:
            assert alert not in printed
            await officers.wait_until_notified("update", alert, everybody)
            return
        assert f"{alert}\tpaused" in printed
        told = await _stands(officers, "update", alert)
        assert 0 < told < everybody
        await _alarmed(officers, alert)
        assert (await officers.state(alert), await officers.recipients("update", alert)) == ("paused", told)
        assert (await officers.act(alert, "resume", by="Li"))[0] == HTTPStatus.OK
        await officers.wait_until_notified("update", alert, everybody)


async def test_an_alert_that_a_revoked_token_approved_is_paused_unless_somebody_else_resumed_it(
    deployment: Deployment,
) -> None:
    """One of two approvals, or a resumption; who resumes it after that has decided by themselves."""
    async with _gated(deployment) as (officers, gate):
        eve, zhao = [await officers.token(name, Role.APPROVER, name) for name in ("Eve", "Zhao")]
        await officers.review(Review.TWO_PERSON)
        alert = (await deployment.file(officers.server))[1]["alert"]["id"]
        gate.close_after(1)
        for name in ("Li", "Eve"):
            assert (await officers.act(alert, "approval", by=name))[0] == HTTPStatus.OK
        await _begun(officers, gate, "alert", alert)
        await deployment.run("token", "revoke", str(eve))
        assert await officers.state(alert) == "paused"
        gate.open()
        told = await _stands(officers, "alert", alert)
        gate.close_after(0)
        assert (await officers.act(alert, "resume", by="Zhao"))[0] == HTTPStatus.OK
        await deployment.run("token", "revoke", str(zhao))
        assert await officers.state(alert) == "paused"
        assert (await officers.act(alert, "resume", by="Li"))[0] == HTTPStatus.OK
        await deployment.query("update bearer_token set revoked_at = null where id = $1 returning id", zhao)
        assert "paused" not in await deployment.run("token", "revoke", str(zhao))
        assert await officers.state(alert) == "sending"
        assert await officers.recipients("alert", alert) >= told > 0
        gate.open()
        await deployment.sent(officers.server, alert)


async def test_the_end_that_a_revoked_token_said_is_held(deployment: Deployment) -> None:
    """As that of an authority; the one who revoked it hears which alert it is."""
    async with _gated(deployment) as (officers, gate):
        token = await officers.token("Eve", Role.OPERATOR, "Eve")
        alert = await _sent(officers)
        gate.close_after(1)
        assert (await officers.act(alert, "found", by="Eve"))[0] == HTTPStatus.OK
        await _begun(officers, gate, "found", alert)
        assert f"{alert}\tits end is held" in await deployment.run("token", "revoke", str(token))
        gate.open()
        assert await _stands(officers, "found", alert) < await officers.recipients("alert", alert)
        await _alarmed(officers, alert)


async def test_what_is_held_for_its_filer_is_no_record_that_went_back(deployment: Deployment) -> None:
    """A server that starts says of it that its filer was revoked, and nothing else."""
    async with _gated(deployment) as (officers, gate):
        alert = await _sent(officers)
        gate.close_after(1)
        assert await _say(officers, "found") == HTTPStatus.OK
        await _begun(officers, gate, "found", alert)
        await deployment.run("authority", "revoke", "sz")
        gate.open()
        await _stands(officers, "found", alert)
        officers.server.end()
        officers.server = await deployment.server(**GATED)
        await _alarmed(officers, alert)
        standing = await alarms_of(deployment, officers.server)
        assert "record_rewound" not in {one["kind"] for one in standing}


async def test_the_feed_and_cap_of_a_revoked_authority_say_nothing_until_it_is_resumed(
    deployment: Deployment, tmp_path: Path
) -> None:
    """As the page of the alert; no cache of ours has it either."""
    await deployment.provider()
    await deployment.people(500)
    server = await deployment.server(**public_settings(tmp_path, keys(days=36_500)))
    officers = Officers(deployment, server)
    alert = await _sent(officers)
    public = f"{server.url}/v1/public/alerts"

    async def published() -> tuple[int, bool]:
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{public}/{alert}/cap") as message:
                status = message.status
            async with session.get(f"{public}.atom") as feed:
                return status, alert in await feed.text()

    assert await published() == (HTTPStatus.OK, True)
    await deployment.run("authority", "revoke", "sz")

    async def is_gone() -> bool:
        return await published() == (HTTPStatus.NOT_FOUND, False)

    await until(is_gone)
    assert (await officers.act(alert, "resume"))[0] == HTTPStatus.OK

    async def is_back() -> bool:
        return await published() == (HTTPStatus.OK, True)

    await until(is_back)


async def test_no_photo_of_a_revoked_authority_is_fetched(deployment: Deployment) -> None:
    """One that comes after it is claimed, and those of the revoked one are not."""
    await deployment.provider()
    server = await deployment.server(**public_env(deployment))
    officers = Officers(deployment, server)
    await officers.review(Review.APPROVE)
    tries = "select attempts from case_photo where alert_id = $1"

    async def filed(number: str, authority: str = "sz") -> str:
        photos: list[dict[str, Any]] = [{"url": f"https://photos.invalid/{uuid4()}.jpg", "of": "child"}]
        case = CASE | {"case_number": number, "photos": photos}
        status, answer = await send_case(server.url, authority, deployment.secret, msgspec.json.encode(case))
        assert status == HTTPStatus.ACCEPTED, answer
        alert: str = msgspec.json.decode(answer)["alert"]["id"]
        return alert

    first = await filed("P-1")

    async def is_tried() -> bool:
        return bool((await deployment.query(tries, first))[0][0])

    await until(is_tried)
    await deployment.run("authority", "revoke", "sz")
    before = await deployment.query(tries, first)
    added = await deployment.run("authority", "add", "gz", "--name", "Guangzhou")
    deployment.secret = next(word for word in added.split() if word.startswith("whsec_"))
    second = await filed("P-2", "gz")
    due = "update case_photo set try_at = now() - interval '1 hour' where alert_id = $1 returning wish"
    assert len(await deployment.query(due, first)) == 1

    async def is_other_tried() -> bool:
        return bool((await deployment.query(tries, second))[0][0])

    await until(is_other_tried)
    assert await deployment.query(tries, first) == before
