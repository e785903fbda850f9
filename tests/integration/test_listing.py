"""The list of alerts: each names its authority and can be found; an invalid query is refused, not ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from handlers.cap.writing import document_of
from handlers.http.roles import Role
from push.alerts.review import Review
from server.administration.file_case import signed_headers
from tests.support.alarms import alarms_of
from tests.support.cap.messages import message, pin, signer
from tests.support.life.officers import Officers
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

NUMBER = CASE["case_number"]


async def _filed_by(deployment: Deployment, url: str, authority: str) -> str:
    """File the case as another authority; returns the alert."""
    added = await deployment.command("authority", "add", authority, "--name", f"{authority} police", "--json")
    body = msgspec.json.encode(CASE)
    headers = signed_headers(added["secret"], body)
    intake = f"{url}/v1/intake/{authority}"
    async with deployment.session() as session, session.post(intake, data=body, headers=headers) as response:
        assert response.status == 202
        return str((await response.json())["alert"]["id"])


async def test_an_alert_names_its_authority_and_is_found_by_its_case_number(deployment: Deployment) -> None:
    """Two authorities may use the same number: both alerts are found, each with its authority."""
    server = await deployment.server()
    ours = (await deployment.file(server))[1]["alert"]
    other = (await deployment.file(server, case_number="SZ-2"))[1]["alert"]["id"]
    theirs = await _filed_by(deployment, server.url, "gz")
    assert ours["authority"] == "sz"

    async def listed(query: str) -> dict[str, str]:
        alerts: list[dict[str, Any]] = (await deployment.get(f"{server.url}/v1/alerts?{query}"))["alerts"]
        return {one["id"]: one["authority"] for one in alerts}

    assert await listed(f"case_number={NUMBER}") == {ours["id"]: "sz", theirs: "gz"}
    assert await listed(f"case_number={NUMBER}&authority=gz") == {theirs: "gz"}
    assert await listed("authority=sz") == {ours["id"]: "sz", other: "sz"}
    assert len(await listed("limit=2")) == 2
    assert await listed("case_number=unknown") == {}


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "case_nr=1", "case_number=", "state=sent"])
async def test_an_invalid_query_is_refused(deployment: Deployment, query: str) -> None:
    """A search for one alert never lists all of them."""
    server = await deployment.server()
    async with deployment.session() as session, session.get(f"{server.url}/v1/alerts?{query}") as response:
        assert response.status == 422
        assert (await response.json(content_type=None))["detail"]


async def test_not_found_answers_say_what_to_do(deployment: Deployment) -> None:
    """A case number in place of an id, an unknown path, another method: each answer helps."""
    server = await deployment.server()
    async with deployment.session() as session:
        for method, path, status, word in (
            ("GET", f"/v1/alerts/{NUMBER}", 404, "case_number="),
            ("POST", f"/v1/alerts/{NUMBER}/pause", 404, "case_number="),
            ("GET", "/v1/alert", 404, "openapi.json"),
            ("PUT", "/v1/alerts", 405, "GET"),
        ):
            async with session.request(method, f"{server.url}{path}") as response:
                assert response.status == status
                assert word in (await response.json(content_type=None))["detail"]


async def test_an_officer_of_the_filing_authority_learns_why_he_may_not_approve(deployment: Deployment) -> None:
    """Because he belongs to the authority that filed, not because he filed."""
    officers = Officers(deployment, await deployment.server())
    await officers.review(Review.APPROVE)
    await officers.person("Own", Role.APPROVER, "sz")
    alert = (await deployment.file(officers.server))[1]["alert"]["id"]
    status, problem = await officers.act(alert, "approval", by="Own")
    assert (status, "an officer of the authority" in problem["detail"]) == (403, True)


@pytest.mark.parametrize("content_type", ["application/xml", "text/xml; charset=utf-8", "application/cap+xml"])
async def test_cap_is_accepted_under_every_content_type_of_xml(deployment: Deployment, content_type: str) -> None:
    """The default of a police system is not refused for a missing webhook signature."""
    await pin(deployment)
    server = await deployment.server()
    async with deployment.session() as session:
        headers = {"Content-Type": content_type}
        for document, status in ((signer().signed(message("X-1")), 202), (document_of(message("X-2")), 202)):
            url = f"{server.url}/v1/intake/sz"
            async with session.post(url, data=document, headers=headers) as response:
                assert response.status == status


async def test_alarms_can_be_read_without_a_websocket(deployment: Deployment) -> None:
    """By curl alone; a plain request to the feed learns that it is a WebSocket."""
    officers = Officers(deployment, await deployment.server())
    await officers.review(Review.GRACE, 600)
    alert = (await deployment.file(officers.server))[1]["alert"]

    async def is_raised() -> bool:
        alarms = await alarms_of(deployment, officers.server)
        return [(one["kind"], one["alert"], one["about"]) for one in alarms] == [
            ("review", alert["id"], f"sz {NUMBER}")
        ]

    await until(is_raised)
    (alarm,) = await alarms_of(deployment, officers.server)
    assert alarm["detail"].startswith("goes out at "), "a grace is useful only to people who know of it"
    assert (await officers.act(alert["id"], "veto"))[0] == 200
    async with deployment.session() as session, session.get(f"{officers.server.url}/v1/feed") as response:
        assert response.status == 426
        assert "WebSocket" in (await response.json(content_type=None))["detail"]


async def test_the_alarm_counts_the_missing_approvals(deployment: Deployment) -> None:
    """The second of two approvers sees that only one is missing."""
    officers = Officers(deployment, await deployment.server())
    await officers.review(Review.TWO_PERSON)
    await officers.person("Li", Role.APPROVER)
    alert = (await deployment.file(officers.server))[1]["alert"]["id"]
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200

    async def is_raised() -> bool:
        return "1 of 2 approved" in str(await alarms_of(deployment, officers.server))

    await until(is_raised)
