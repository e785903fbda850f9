"""How a case ended: its text is chosen once for everybody, its word is sealed, and counted without exercises."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pytest

from handlers.http.roles import Role
from server.administration.file_case import send_notice
from tests.support.life.officers import NUMBER, Officers
from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import until
from tests.support.providers.notified import FOUND, recording_tpns

NEUTRAL: Final = "寻人已结束"
OVER: Final = "寻人信息已结束"
TITLES: Final = {
    "safe": FOUND,
    "injured": NEUTRAL,
    "deceased": NEUTRAL,
    "never_missing": OVER,
    "unfounded": OVER,
    "other": OVER,
}
AFTER: Final = {"found_at": "2026-11-23T20:00:00+08:00", "longitude": 114.2, "latitude": 22.6, "by": "public"}


async def _outcome(deployment: Deployment, officers: Officers, alert: str) -> dict[str, Any]:
    answer: dict[str, Any] = await deployment.get(f"{officers.server.url}/v1/alerts/{alert}/outcome")
    return answer


@pytest.mark.parametrize("outcome", list(TITLES))
async def test_the_text_is_that_of_the_outcome_and_nothing_else_says_it(deployment: Deployment, outcome: str) -> None:
    """One title for everybody; the word stands in no push, answer, page, feed, metric, log or event."""
    async with recording_tpns(deployment) as tpns:
        inside = await deployment.people(500)
        server = await deployment.server(QQ_ALERT_LOG__LEVEL="debug")
        officers = Officers(deployment, server)
        await officers.person("Viewer", Role.VIEWER)
        _, answer = await deployment.file(server)
        alert = answer["alert"]["id"]
        await deployment.sent(server, alert)
        notice = {"case_number": NUMBER, "reason": "because of a test", "notice": "found", "outcome": outcome}
        body = msgspec.json.encode(notice | {"after_action": AFTER | {"evidence": "finder_said"}})
        status, raw = await send_notice(server.url, "sz", deployment.secret, body)
        assert status == 200
        await officers.wait_until_notified("found", alert, inside.size)
        assert tpns.notified.titles == {tpns.notified.first, TITLES[outcome]}
        said = await _outcome(deployment, officers, alert)
        assert (said["outcome"], said["after_action"]["distance_km"]) == (outcome, 16)
        words = [raw.decode(), deployment.log.read_text(encoding="utf-8")]
        async with deployment.session() as session:
            for path in ("alerts", f"alerts/{alert}", f"alerts/{alert}/summary", "audit", "public/alerts"):
                async with session.get(f"{server.url}/v1/{path}") as response:
                    words.append(await response.text())
            async with session.get(f"{server.url}/metrics") as response:
                words.append(await response.text())
            async with session.ws_connect(f"{server.url}/v1/feed") as feed:
                words.append((await feed.receive()).data)
            marked = ("finder_said", "after_action") if outcome in {"other", "safe"} else (outcome, "finder_said")
            assert [word for word in marked if word in "\n".join(words)] == []
        viewer = {"Authorization": f"Bearer {officers.text_of('Viewer')}"}
        async with deployment.session() as session:
            async with session.get(f"{server.url}/v1/alerts/{alert}/outcome", headers=viewer) as response:
                assert response.status == 403
            async with session.get(f"{server.url}/v1/statistics", headers=viewer) as response:
                assert response.status == 200


async def test_what_is_known_later_is_kept_without_another_notice(deployment: Deployment) -> None:
    """Said later, corrected, completed: the people notified hear nothing; the same again is refused."""
    async with recording_tpns(deployment) as tpns:
        inside = await deployment.people(500)
        officers = Officers(deployment, await deployment.server())
        _, answer = await deployment.file(officers.server)
        alert = answer["alert"]["id"]
        await deployment.sent(officers.server, alert)
        assert (await officers.act(alert, "found"))[0] == 200
        await officers.wait_until_notified("found", alert, inside.size)
        assert (await officers.act(alert, "found", outcome="injured"))[0] == 200
        assert (await officers.act(alert, "found", outcome="deceased", through_alert=True))[0] == 200
        assert (await officers.act(alert, "found", outcome="deceased"))[0] == 409
        assert (await officers.act(alert, "found", after_action=AFTER))[0] == 200
        assert (await officers.act(alert, "found", after_action={"evidence": "none"}))[0] == 200
        assert (await officers.act(alert, "found", after_action={"evidence": "none"}))[0] == 409
        assert (await officers.act(alert, "found", after_action={"longitude": 1}))[0] == 422
        assert (await officers.act(alert, "found", after_action={"found_at": "2099-01-01T00:00:00Z"}))[0] == 422
        said = await _outcome(deployment, officers, alert)
        assert (said["outcome"], said["through_alert"]) == ("deceased", True)
        assert (said["after_action"]["by"], said["after_action"]["evidence"]) == ("public", "none")
        assert await officers.recipients("found", alert) == inside.size
        assert tpns.notified.titles == {tpns.notified.first, FOUND}


async def test_what_was_kept_and_cannot_be_read_is_said_anew(deployment: Deployment) -> None:
    """Damaged, or of another version: the end is shown without it, and what is said now counts."""
    await deployment.provider()
    officers = Officers(deployment, await deployment.server())
    alert = (await deployment.file(officers.server))[1]["alert"]["id"]
    assert (await officers.act(alert, "found", outcome="safe", after_action=AFTER))[0] == 200
    await deployment.query("""update alert set after_action = '{"by": "a word of another version"}'""")
    said = await _outcome(deployment, officers, alert)
    assert (said["outcome"], said["after_action"]) == ("safe", None)
    assert (await officers.act(alert, "found", after_action={"evidence": "none"}))[0] == 200
    assert (await _outcome(deployment, officers, alert))["after_action"]["evidence"] == "none"


async def test_an_outcome_corrected_before_anybody_was_notified_has_its_own_text(deployment: Deployment) -> None:
    """As long as no unit of the notice was claimed, everybody gets the second text, and nobody the first."""
    async with recording_tpns(deployment) as tpns:
        inside = await deployment.people(500)
        officers = Officers(deployment, await deployment.server())
        _, answer = await deployment.file(officers.server)
        alert = answer["alert"]["id"]
        await deployment.sent(officers.server, alert)
        # Rows that somebody holds are claimed by nobody, as when all processes are busy.
        assert (await officers.act(alert, "pause"))[0] == 200
        await deployment.query(
            """create function not_yet() returns trigger language plpgsql as
               $$ begin new.lease_until = 'infinity'; return new; end $$"""
        )
        await deployment.query(
            "create trigger wait before insert on sweep_unit for each row execute function not_yet()"
        )
        assert (await officers.act(alert, "found", outcome="safe"))[0] == 200
        await deployment.query("drop trigger wait on sweep_unit")
        assert (await officers.act(alert, "found", outcome="deceased"))[0] == 200

        async def through() -> bool:
            return await officers.recipients("found", alert) == inside.size

        await until(through)
        assert tpns.notified.titles == {tpns.notified.first, NEUTRAL}
        assert tpns.notified.of(NEUTRAL).size == inside.size


async def test_statistics_count_four_numbers_apart_and_no_exercise(deployment: Deployment) -> None:
    """Recovered, dead, unfounded, because of the alert; what was not said is unknown."""
    await deployment.provider()
    await deployment.people(200)
    officers = Officers(deployment, await deployment.server())
    ends: list[tuple[str, dict[str, Any]]] = [
        ("actual", {"outcome": "safe", "through_alert": True}),
        ("actual", {"outcome": "injured", "through_alert": False}),
        ("actual", {"outcome": "deceased", "through_alert": True}),
        ("actual", {"outcome": "unfounded"}),
        ("actual", {"outcome": "never_missing"}),
        ("actual", {}),
        ("exercise", {"outcome": "deceased", "through_alert": True}),
        ("test", {"outcome": "safe"}),
    ]
    for place, (status, end) in enumerate(ends):
        number = f"SZ-S-{place}"
        _, answer = await deployment.file(officers.server, case_number=number, status=status)
        assert (await officers.act(answer["alert"]["id"], "found", case_number=number, **end))[0] == 200
    counted = await deployment.get(f"{officers.server.url}/v1/statistics")
    assert {name: value for name, value in counted.items() if name != "outcomes"} == {
        "ended": 6,
        "recovered": 2,
        "dead": 1,
        "unfounded": 2,
        "other": 0,
        "unknown": 1,
        "because_of_alert": 2,
        "because_of_alert_unknown": 3,
    }
    assert counted["outcomes"]["never_missing"] == 1


async def test_a_notice_says_how_it_ended_only_where_it_did(deployment: Deployment) -> None:
    """An outcome in a cancel, or an unknown word, is refused, and nothing is changed."""
    await deployment.provider()
    officers = Officers(deployment, await deployment.server())
    _, answer = await deployment.file(officers.server)
    for wrong in ({"notice": "cancel", "outcome": "safe"}, {"notice": "found", "outcome": "fine"}):
        body = msgspec.json.encode({"case_number": CASE["case_number"], "reason": "r"} | wrong)
        assert (await send_notice(officers.server.url, "sz", deployment.secret, body))[0] == 422
    assert await officers.state(answer["alert"]["id"]) in {"sending", "sent"}
