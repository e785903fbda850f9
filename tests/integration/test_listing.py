"""The list of alerts: each names its authority and can be found; an invalid query is refused, not ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from handlers.cap.writing import document_of
from handlers.http.roles import Role
from push.alerts.review import Review
from server.administration.file_case import signed_headers
from tests.support.cap.messages import message, pin, signer
from tests.support.life.officers import Officers
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Bench

NUMBER = CASE["case_number"]


async def _filed_by(bench: Bench, url: str, authority: str) -> str:
    """File the case as another authority; returns the alert."""
    added = await bench.command("authority", "add", authority, "--name", f"{authority} police", "--json")
    body = msgspec.json.encode(CASE)
    headers = signed_headers(added["secret"], body)
    intake = f"{url}/v1/intake/{authority}"
    async with bench.session() as session, session.post(intake, data=body, headers=headers) as response:
        assert response.status == 202
        return str((await response.json())["alert"]["id"])


async def test_an_alert_names_its_authority_and_is_found_by_its_case_number(bench: Bench) -> None:
    """Two authorities may use the same number: both alerts are found, each with its authority."""
    server = await bench.server()
    ours = (await bench.file(server))[1]["alert"]
    other = (await bench.file(server, case_number="SZ-2"))[1]["alert"]["id"]
    theirs = await _filed_by(bench, server.url, "gz")
    assert ours["authority"] == "sz"

    async def listed(query: str) -> dict[str, str]:
        alerts: list[dict[str, Any]] = (await bench.get(f"{server.url}/v1/alerts?{query}"))["alerts"]
        return {one["id"]: one["authority"] for one in alerts}

    assert await listed(f"case_number={NUMBER}") == {ours["id"]: "sz", theirs: "gz"}
    assert await listed(f"case_number={NUMBER}&authority=gz") == {theirs: "gz"}
    assert await listed("authority=sz") == {ours["id"]: "sz", other: "sz"}
    assert len(await listed("limit=2")) == 2
    assert await listed("case_number=unknown") == {}


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "case_nr=1", "case_number=", "state=sent"])
async def test_an_invalid_query_is_refused(bench: Bench, query: str) -> None:
    """A search for one alert never lists all of them."""
    server = await bench.server()
    async with bench.session() as session, session.get(f"{server.url}/v1/alerts?{query}") as response:
        assert response.status == 422
        assert (await response.json(content_type=None))["detail"]


async def test_not_found_answers_say_what_to_do(bench: Bench) -> None:
    """A case number in place of an id, an unknown path, another method: each answer helps."""
    server = await bench.server()
    async with bench.session() as session:
        for method, path, status, word in (
            ("GET", f"/v1/alerts/{NUMBER}", 404, "case_number="),
            ("POST", f"/v1/alerts/{NUMBER}/pause", 404, "case_number="),
            ("GET", "/v1/alert", 404, "openapi.json"),
            ("PUT", "/v1/alerts", 405, "GET"),
        ):
            async with session.request(method, f"{server.url}{path}") as response:
                assert response.status == status
                assert word in (await response.json(content_type=None))["detail"]


async def test_an_officer_of_the_filing_authority_learns_why_he_may_not_approve(bench: Bench) -> None:
    """Because he belongs to the authority that filed, not because he filed."""
    officers = Officers(bench, await bench.server())
    await officers.review(Review.APPROVE)
    await officers.person("Own", Role.APPROVER, "sz")
    alert = (await bench.file(officers.server))[1]["alert"]["id"]
    status, problem = await officers.act(alert, "approval", by="Own")
    assert (status, "an officer of the authority" in problem["detail"]) == (403, True)


@pytest.mark.parametrize("content_type", ["application/xml", "text/xml; charset=utf-8", "application/cap+xml"])
async def test_cap_is_accepted_under_every_content_type_of_xml(bench: Bench, content_type: str) -> None:
    """The default of a police system is not refused for a missing webhook signature."""
    await pin(bench)
    server = await bench.server()
    async with bench.session() as session:
        headers = {"Content-Type": content_type}
        for document, status in ((signer().signed(message("X-1")), 202), (document_of(message("X-2")), 202)):
            url = f"{server.url}/v1/intake/sz"
            async with session.post(url, data=document, headers=headers) as response:
                assert response.status == status


async def test_alarms_can_be_read_without_a_websocket(bench: Bench) -> None:
    """By curl alone; a plain request to the feed learns that it is a WebSocket."""
    officers = Officers(bench, await bench.server())
    await officers.review(Review.GRACE, 600)
    alert = (await bench.file(officers.server))[1]["alert"]

    async def is_raised() -> bool:
        alarms = (await bench.get(f"{officers.server.url}/v1/alarms"))["alarms"]
        return [(one["kind"], one["alert"], one["about"]) for one in alarms] == [
            ("review", alert["id"], f"sz {NUMBER}")
        ]

    await until(is_raised)
    (alarm,) = (await bench.get(f"{officers.server.url}/v1/alarms"))["alarms"]
    assert alarm["detail"].startswith("goes out at "), "a grace is useful only to people who know of it"
    assert (await officers.act(alert["id"], "veto"))[0] == 200
    async with bench.session() as session, session.get(f"{officers.server.url}/v1/feed") as response:
        assert response.status == 426
        assert "WebSocket" in (await response.json(content_type=None))["detail"]


async def test_the_alarm_counts_the_missing_approvals(bench: Bench) -> None:
    """The second of two approvers sees that only one is missing."""
    officers = Officers(bench, await bench.server())
    await officers.review(Review.TWO_PERSON)
    await officers.person("Li", Role.APPROVER)
    alert = (await bench.file(officers.server))[1]["alert"]["id"]
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200

    async def is_raised() -> bool:
        return "1 of 2 approved" in str((await bench.get(f"{officers.server.url}/v1/alarms"))["alarms"])

    await until(is_raised)
