"""CAP messages that do not fit together: exercises and actual alerts, old and new, unverified and verified."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from handlers.cap.model import MessageType, Status
from handlers.cap.writing import document_of
from tests.support.cap.messages import FLOOD, info, message, pin, post, signer
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from handlers.cap.model import Info
    from tests.support.processes.deployment import Deployment

TITLE = "select content #>> '{texts,en,title}' from alert"
WHY = "the desk asked for a signed one"


def _infos(chinese: str, english: str) -> tuple[Info, Info]:
    return info("zh-CN", chinese), info("en", english)


async def test_an_exercise_changes_and_cancels_no_actual_alert(deployment: Deployment) -> None:
    """Update and Cancel must have the status of their alert, or are refused; nobody is notified."""
    await deployment.provider()
    await deployment.people(200)
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    first = message("SZ-1")
    _, answer = await post(server, signer().signed(first))
    await deployment.sent(server, answer["alert"]["id"])
    exercises = (
        message("SZ-2", MessageType.UPDATE, first, status=Status.EXERCISE, infos=_infos("演练", "Drill")),
        message("SZ-3", MessageType.CANCEL, first, status=Status.TEST, infos=()),
    )
    for exercise in exercises:
        status, problem = await post(server, signer().signed(exercise))
        assert (status, "never mixed" in problem["detail"]) == (422, True)
    assert await deployment.query("select state, version from alert") == [("sent", 1)]


async def test_a_late_message_does_not_replace_a_newer_one(deployment: Deployment) -> None:
    """An Update sent before is not sent after; a Cancel counts whenever it arrives."""
    await deployment.provider()
    await deployment.people(200)
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    now = datetime.now(UTC).replace(microsecond=0)
    first = message("SZ-1", sent=now - timedelta(minutes=5))
    await post(server, signer().signed(first))
    old, new = (
        message(name, MessageType.UPDATE, first, sent=now - timedelta(minutes=ago), infos=_infos(name, name))
        for name, ago in (("OLD", 4), ("NEW", 1))
    )
    assert (await post(server, signer().signed(new)))[0] == 200
    status, problem = await post(server, signer().signed(old))
    assert (status, "newer" in problem["detail"]) == (409, True)
    assert await deployment.query(TITLE) == [("NEW",)]
    cancel = message("SZ-2", MessageType.CANCEL, first, sent=now - timedelta(minutes=3), infos=())
    assert (await post(server, signer().signed(cancel)))[1]["alert"]["state"] == "cancelled"


async def test_a_different_message_under_a_used_identifier_is_refused(deployment: Deployment) -> None:
    """The same sender, identifier and time with other content, type or status is a 409 that raises an alarm."""
    await deployment.provider()
    await deployment.people(200)
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    first = message("SZ-1")
    await post(server, signer().signed(first))
    update = message("SZ-2", MessageType.UPDATE, first, infos=_infos("别的", "Else"))
    assert (await post(server, signer().signed(update)))[0] == 200
    other = msgspec.structs.replace(update, infos=_infos("又", "Corrected"))
    assert (await post(server, signer().signed(other)))[0] == 409
    assert await deployment.query(TITLE) == [("Else",)]
    cancel = message("SZ-2", MessageType.CANCEL, first, sent=update.sent, infos=())
    assert (await post(server, signer().signed(cancel)))[0] == 409
    exercise = message("SZ-7", status=Status.EXERCISE)
    assert (await post(server, signer().signed(exercise)))[0] == 202
    meant = msgspec.structs.replace(exercise, status=Status.ACTUAL)
    assert (await post(server, signer().signed(meant)))[0] == 409


@pytest.mark.parametrize("end", ["cancel", "expire"])
async def test_an_ended_unverified_draft_does_not_block_a_signed_case(deployment: Deployment, end: str) -> None:
    """Cancelled by an officer or expired by itself, it frees its number for the police: by CAP and by webhook."""
    await deployment.provider()
    await deployment.people(200)
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    same = message("SZ-1")
    drafts = [await post(server, document_of(one)) for one in (same, message("SZ-2", infos=_infos("别的", "Else")))]
    if end == "cancel":
        for _, draft in drafts:
            request = {"case_number": draft["draft"]["case_number"], "reason": WHY}
            assert (await deployment.post(f"{server.url}/v1/alerts/{draft['draft']['id']}/cancel", request))[0] == 200
    else:
        await deployment.query("update alert set expires = now()")

    async def are_over() -> bool:
        return not await deployment.query("select 1 from alert where ended_at is null")

    await until(are_over)
    status, answer = await post(server, signer().signed(same))
    assert (status, answer["alert"]["state"]) == (202, "sending")
    status, answer = await deployment.file(server, case_number="SZ-2")
    assert (status, answer["alert"]["state"]) == (202, "sending")


async def test_times_out_of_range_are_bad_fields(deployment: Deployment) -> None:
    """Anybody may send them: a year that UTC cannot express is the sender's fault."""
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    update = document_of(message("U-1", MessageType.UPDATE, message("SZ-1")))
    sent = update.split(b",SZ-1,")[1].split(b"<")[0]
    for beyond in (b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00"):
        assert (await post(server, update.replace(sent, beyond)))[0] == 422
        for kind in (MessageType.ALERT, MessageType.UPDATE):
            odd = document_of(message("SZ-9", kind, message("SZ-8"), infos=()))
            assert (await post(server, re.sub(rb"<sent>[^<]*", b"<sent>" + beyond, odd)))[0] == 422
        place = {**CASE["last_seen"], "at": beyond.decode()}
        status, problem = await deployment.file(server, last_seen=place)
        assert (status, problem["errors"][0]["path"]) == (422, "$.last_seen.at")
    request = {
        "longitude": 114.05,
        "latitude": 22.54,
        "policy": "tuanyuan",
        "last_seen_at": "9999-12-31T23:30:00Z",
    }
    status, problem = await deployment.post(f"{server.url}/v1/estimates", request)
    assert (status, problem["errors"][0]["path"]) == (422, "$.last_seen_at")
