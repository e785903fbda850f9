"""CAP intake: messages signed by a pinned certificate are sent, updated or cancelled; others wait or are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np

from handlers.cap.model import (
    Area,
    MessageType,
    Named,
)
from handlers.cap.writing import document_of
from push.alerts.filing import DRAFTS_MAX
from tests.support.cap.messages import CENTRE, FLOOD, info, message, pin, post, signer
from tests.support.processes.deployment import SHENZHEN, Deployment
from tests.support.processes.processes import until

WHY = {
    "U-1": "it is not signed",
    "T-1": "the document or its signature was changed, or another key signed it",
    "S-1": "its certificate is none of the authority's",
    "O-1": "its certificate has expired",
}
"""The alarms about unverified messages."""


async def test_a_signed_chain_is_sent_updated_and_cancelled_once_each(deployment: Deployment) -> None:
    """Alert, a retry, Update, Cancel that refers to the Update: everybody in the circle gets each once; nobody else."""
    await deployment.provider()
    inside = await deployment.people(2000)
    await pin(deployment)
    server = await deployment.server()
    first = message("SZ-2026-1")
    status, answer = await post(server, signer().signed(first))
    alert = answer["alert"]["id"]
    assert (status, answer["alert"]["state"], answer["alert"]["review"]["verified"]) == (202, "sending", True)
    assert answer["alert"]["area"]["circle"]["radius_km"] == SHENZHEN.radius_km
    assert (await post(server, signer().signed(first)))[1] == answer, "a retry gets the first answer"
    await deployment.sent(server, alert)
    np.testing.assert_array_equal(await deployment.reached(), inside)

    update = message("SZ-2026-2", MessageType.UPDATE, first, infos=(info("zh-CN", "小明见于广州"),))
    assert (await post(server, signer().signed(update)))[0] == 422, "every language of the alert, or none"
    update = msgspec.structs.replace(
        update, infos=(info("zh-CN", "小明见于广州"), info("en", "Ming seen in Guangzhou"))
    )
    for _ in range(2):
        assert (await post(server, signer().signed(update)))[0] == 200
    await until(lambda: _notified(deployment, "update", inside.size))

    cancel = message("SZ-2026-3", MessageType.CANCEL, update, infos=())
    for _ in range(2):
        status, answer = await post(server, signer().signed(cancel))
        assert (status, answer["alert"]["state"]) == (200, "cancelled")
    await until(lambda: _notified(deployment, "cancel", inside.size))
    late = message("SZ-2026-4", MessageType.UPDATE, first)
    status, problem = await post(server, signer().signed(late))
    assert (status, problem["possible"]) == (409, ["found", "reopen"])
    unknown = message("SZ-2026-5", MessageType.CANCEL, message("nothing"), infos=())
    assert (await post(server, signer().signed(unknown)))[0] == 404
    said = "select notice, sum(recipients)::int from ledger group by notice order by notice"
    size = inside.size
    assert await deployment.query(said) == [("alert", size), ("cancel", size), ("update", size)]
    assert "小明" not in deployment.log.read_text(encoding="utf-8")


async def test_an_unverified_message_waits_for_review_and_is_never_sent_by_itself(deployment: Deployment) -> None:
    """Unsigned, tampered, by an unknown or expired certificate: in review; such an Update raises only an alarm."""
    await deployment.provider()
    inside = await deployment.people(2000)
    await pin(deployment)
    await pin(deployment, "old")
    server = await deployment.server(**FLOOD)
    tampered = signer().signed(message("T-1")).replace("寻找小明".encode(), "寻找小红".encode())
    documents = {
        "U-1": document_of(message("U-1")),
        "T-1": tampered,
        "S-1": signer("stranger").signed(message("S-1")),
        "O-1": signer("old").signed(message("O-1")),
    }
    alerts = {}
    for name, document in documents.items():
        status, answer = await post(server, document)
        assert (status, set(answer["draft"])) == (202, {"id", "case_number"}), (
            "the answer does not say whom it would reach"
        )
        assert WHY[name] in answer["notes"][0], "the answer to a signed message says what is wrong"
        alerts[name] = answer["draft"]["id"]
        seen = (await deployment.get(f"{server.url}/v1/alerts/{alerts[name]}"))["alert"]
        assert (seen["state"], seen["review"]["verified"], seen["review"]["unverified"]) == (
            "in_review",
            False,
            WHY[name],
        )
    status, answer = await post(server, document_of(message("U-1")), "nobody")
    assert (status, set(answer["draft"])) == (202, {"id", "case_number"}), (
        "the answer does not say which authorities exist"
    )
    kinds = (MessageType.UPDATE, MessageType.CANCEL, MessageType.UPDATE)
    for kind in kinds:
        changed = message("U-2", kind, message("U-1"))
        status, problem = await post(server, document_of(changed))
        assert (status, problem["errors"][0]["detail"]) == (422, WHY["U-1"])

    async def alarms() -> dict[str, tuple[str, str]]:
        async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
            standing = (await feed.receive_json())["alarms"]
        return {one["alert"]: (one["about"], one["detail"]) for one in standing if one["kind"] == "unverified_cap"}

    async def is_said() -> bool:
        said = await alarms()
        return set(said) == set(alerts.values()) and "Cancel" in said[alerts["U-1"]][1]

    await until(is_said)
    server.end()
    server = await deployment.server(**FLOOD)
    await until(is_said)
    assert (await alarms())[alerts["U-1"]] == (
        "sz U-1",
        f"UNVERIFIED CAP Cancel: {WHY['U-1']}; Update: {WHY['U-1']}. Is it meant?",
    )
    assert (await alarms())[alerts["O-1"]][1] == f"UNVERIFIED CAP Alert: {WHY['O-1']}. Is it meant?"
    assert (await deployment.counts())["requests"] == 0

    change_request = {"case_number": "U-1", "reason": "the desk confirmed it by telephone", "revision": 1}
    for token, state in ((deployment.token, "in_review"), (await deployment.colleague(), "sending")):
        status, answer = await deployment.post(
            f"{server.url}/v1/alerts/{alerts['U-1']}/approval", change_request, token
        )
        assert (status, answer["alert"]["state"]) == (200, state), "two people, because one of them may have sent it"
    await deployment.sent(server, alerts["U-1"])
    np.testing.assert_array_equal(await deployment.reached(), inside)
    statuses = [(await post(server, document_of(message(f"F-{number}"))))[0] for number in range(DRAFTS_MAX)]
    assert statuses == [202] * DRAFTS_MAX
    waiting = await deployment.query(
        "select c.case_number from alert a join child_case c on c.id = a.case_id where a.state = 'in_review'"
    )
    assert {number for (number,) in waiting} == {f"F-{number}" for number in range(DRAFTS_MAX)}, "the oldest give way"


async def test_faults_of_a_document_are_named_and_nothing_is_stored(deployment: Deployment) -> None:
    """No geometry, an unknown city, a radius over the cap, an expired message, hostile bytes: 422 or 413."""
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    coded = Area(description="Shenzhen", geocodes=(Named("adcode", "440300"),))
    wide = Area(description="China", circles=(msgspec.structs.replace(CENTRE, radius_km=900.0),))
    old = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=80)
    refused = {
        "no boundary": signer().signed(message("A", infos=(info("en", "x", coded),))),
        "over the cap": signer().signed(message("B", infos=(info("en", "x", wide),))),
        "expired": signer().signed(message("C", sent=old)),
        "a DTD": b'<?xml version="1.0"?><!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]><alert>&x;</alert>',
        "no XML": b"{}",
    }
    for why, document in refused.items():
        status, problem = await post(server, document)
        assert status == 422, why
        assert problem["errors"], why
    assert (await post(server, b"<alert>" + b" " * 70_000 + b"</alert>"))[0] == 413
    assert (await deployment.get(f"{server.url}/v1/alerts"))["alerts"] == []


async def _notified(deployment: Deployment, notice: str, people: int) -> bool:
    said = await deployment.query("select coalesce(sum(recipients), 0) from ledger where notice = $1", notice)
    return bool(said[0][0] == people)
