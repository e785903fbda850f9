"""An alert whose words nobody can read, damaged or of a newer version, is stopped and ended all the same."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

from handlers.http.roles import Role
from push.alerts.review import Review
from server.administration.file_case import send_notice
from tests.support.life.officers import NUMBER, Officers

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

UNREADABLE: Final = ("null", "[]", '{"texts": "of a newer version"}')
STOPS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "pause": ("paused", {}),
    "cancel": ("cancelled", {}),
    "found": ("found", {"outcome": "safe", "through_alert": True}),
}


async def _unreadable(deployment: Deployment, content: str) -> tuple[Officers, str]:
    """Send an alert, and spoil what it says."""
    await deployment.provider()
    await deployment.people(300)
    officers = Officers(deployment, await deployment.server())
    alert = (await deployment.file(officers.server))[1]["alert"]["id"]
    await deployment.sent(officers.server, alert)
    await deployment.query("update alert set content = $1::jsonb", content)
    return officers, alert


@pytest.mark.parametrize("stop", STOPS)
async def test_an_operator_stops_an_alert_that_nobody_can_read(deployment: Deployment, stop: str) -> None:
    """With all that is said of its end; its end is counted, and the server goes on with others."""
    state, more = STOPS[stop]
    officers, alert = await _unreadable(deployment, UNREADABLE[2])
    assert (await officers.act(alert, stop, **more))[0] == HTTPStatus.OK
    assert await officers.state(alert) == state
    _, answer = await deployment.file(officers.server, case_number="another")
    await deployment.sent(officers.server, answer["alert"]["id"])
    assert officers.server.alive


async def test_the_police_end_an_alert_that_nobody_can_read(deployment: Deployment) -> None:
    """Their notice that the child is found is taken, with how it ended."""
    officers, alert = await _unreadable(deployment, UNREADABLE[0])
    said = {"case_number": NUMBER, "notice": "found", "reason": "at home", "outcome": "safe"}
    body = msgspec.json.encode(said)
    assert (await send_notice(officers.server.url, "sz", deployment.secret, body))[0] == HTTPStatus.OK
    assert await officers.state(alert) == "found"


@pytest.mark.parametrize("content", UNREADABLE)
async def test_what_needs_the_words_is_refused_in_one_word(deployment: Deployment, content: str) -> None:
    """It is no bug: nothing is answered 500, and nobody approves what nobody can read."""
    officers, alert = await _unreadable(deployment, content)
    url = f"{officers.server.url}/v1/alerts/{alert}"
    texts = {locale: {"title": "Missing", "body": "A child in red"} for locale in ("zh-CN", "en")}
    assert await _code(deployment, f"{url}/preview") == "unreadable_alert"
    status, answer = await officers.act(alert, "update", texts=texts)
    assert (status, answer["code"]) == (HTTPStatus.CONFLICT, "unreadable_alert")
    await deployment.query("update alert set state = 'in_review', review = 'approve'")
    await officers.token("Li", Role.APPROVER, "Li")
    revision = (await deployment.query("select revision from alert"))[0][0]
    status, answer = await officers.act(alert, "approval", by="Li", revision=revision)
    assert (status, answer["code"]) == (HTTPStatus.CONFLICT, "unreadable_alert")
    assert await officers.state(alert) == "in_review"


async def test_a_proposal_that_nobody_can_read_is_let_go_and_its_alert_stopped(deployment: Deployment) -> None:
    """It is not approved; a veto drops it, and pause and cancel do not look at it."""
    await deployment.provider()
    officers = Officers(deployment, await deployment.server())
    await officers.review(Review.APPROVE)
    await officers.token("Li", Role.APPROVER, "Li")
    alert = (await deployment.file(officers.server))[1]["alert"]["id"]
    assert (await officers.act(alert, "approval", by="Li"))[0] == HTTPStatus.OK
    await deployment.sent(officers.server, alert)
    assert (await officers.act(alert, "rings", radius_km=150))[0] == HTTPStatus.OK
    await deployment.query("""update proposal set change_request = '{"type": "of a newer version"}'""")
    status, answer = await officers.act(alert, "approval", by="Li")
    assert (status, answer["code"]) == (HTTPStatus.CONFLICT, "unreadable_alert")
    assert (await officers.act(alert, "pause"))[0] == HTTPStatus.OK
    assert (await officers.act(alert, "resume"))[0] == HTTPStatus.OK
    assert (await officers.act(alert, "veto"))[0] == HTTPStatus.OK
    assert (await officers.act(alert, "cancel"))[0] == HTTPStatus.OK


async def _code(deployment: Deployment, url: str) -> Any:  # noqa: ANN401 - JSON
    async with deployment.session() as session, session.get(url) as response:
        return (await response.json(content_type=None))["code"]
