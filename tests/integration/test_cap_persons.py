"""A CAP message of somebody who is no child, with all that it can say, on a real server: sent, published, forgotten."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import aiohttp
import msgspec

from handlers.cap.model import MessageType, Named, Resource
from handlers.cap.verification import read_pins
from handlers.police.cap.reception import receive
from push.message.parts import says
from tests.support.cap.documents import keys
from tests.support.cap.messages import info, message, pin, post, public_settings, signer
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from pathlib import Path

    from handlers.cap.model import Message
    from tests.support.cap.documents import Keys
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

NAME, NICKNAME, PLATE, GUIDANCE = "欧阳老先生", "石头爷", "粤B·7K529", "请轻声说话"
LOOKS, COMPANION, SHORT = "灰白山羊胡", "拄拐的堂弟", "寻找欧阳老先生，灰白胡子"
SUSPECT, SEALED = "https://police.example/photos/suspect-4712.jpg", "S3ALED-MEDICINE"
PHOTO = "https://police.example/photos/4711.jpg"
MARKS: Final = (NAME, NICKNAME, PLATE, GUIDANCE, LOOKS, COMPANION, SHORT, SUSPECT, PHOTO)
PARAMETERS = (
    Named("qq-alert:subjectKind", "dementia"),
    Named("qq-alert:kind", "lost"),
    Named("qq-alert:subjectName", NAME),
    Named("qq-alert:subjectAge", "81"),
    Named("qq-alert:nickname", NICKNAME),
    Named("qq-alert:hair", LOOKS),
    Named("qq-alert:companionLooks", COMPANION),
    Named("qq-alert:vehiclePlate", PLATE),
    Named("qq-alert:guidance", GUIDANCE),
    Named("CMAMtext", SHORT),
    Named("qq-alert:internalMedical", SEALED),
)
RESOURCES = (
    Resource(description="suspect", mime_type="image/jpeg", uri=SUSPECT),
    Resource(description="elderly man", mime_type="image/jpeg", uri=PHOTO),
)


def _message(number: str) -> Message:
    infos = tuple(
        msgspec.structs.replace(
            info(language, f"{headline} {NAME}"),
            event="Missing endangered person",
            event_codes=(Named("SAME", "MEP"),),
            parameters=PARAMETERS,
            resources=RESOURCES,
        )
        for language, headline in (("zh-CN", "寻找"), ("en", "Missing:"))
    )
    return message(number, MessageType.ALERT, infos=infos)


async def _published(server: Process, alert: str, ours: Keys) -> tuple[Message, str]:
    url = f"{server.url}/v1/public/alerts/{alert}/cap"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        document = await response.read()
    received = receive(document, read_pins([ours.certificate]), datetime.now(UTC))
    assert not isinstance(received, list), received
    return received.message, document.decode()


async def _record(deployment: Deployment) -> str:
    """Return every row of every table as text, bytes as hexadecimal digits."""
    tables = await deployment.query("select tablename from pg_tables where schemaname = 'public'")
    rows = [await deployment.query(f'select string_agg(t::text, chr(10)) from "{name}" t') for (name,) in tables]  # noqa: S608 - names from the catalogue
    return "\n".join(str(row[0][0]) for row in rows)


async def test_an_elder_is_sent_published_as_mep_and_forgotten_after_the_timer(
    deployment: Deployment, tmp_path: Path
) -> None:
    """Plate and guidance on all lanes; the suspect's picture and what is sealed nowhere; in the end nothing at all."""
    ours = keys(days=36_500)
    await deployment.provider()
    inside = await deployment.people(500)
    await pin(deployment)
    server = await deployment.server(**public_settings(tmp_path, ours), QQ_ALERT_RETENTION__LOOK_S="0.1")
    status, answer = await post(server, signer().signed(_message("E-1")))
    assert status == 202, answer
    notes = " ".join(answer["notes"])
    assert ("internal" in notes, "never shown as the child's" in notes) == (True, True)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    assert len(await deployment.reached()) == inside.size

    preview = await deployment.get(f"{server.url}/v1/alerts/{alert}/preview")
    shown = msgspec.json.encode(preview).decode()
    assert all(says(shown, value) for value in (PLATE, GUIDANCE))
    assert PHOTO in shown + str(await deployment.query("select content::text from alert"))
    published, document = await _published(server, alert, ours)
    assert {(code.name, code.value) for one in published.infos for code in one.event_codes} == {("SAME", "MEP")}
    assert {one.event for one in published.infos} == {"老人走失", "Missing elderly person"}
    for surface in (shown, document, str(await deployment.query("select content::text from alert"))):
        assert SUSPECT not in surface
    record = await _record(deployment)
    assert all(word in record or word.encode().hex() in record for word in MARKS)
    assert SEALED not in record
    assert SEALED.encode().hex() not in record

    why = {"reason": "because of a test", "case_number": "E-1"}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", why))[0] == 200
    await deployment.pass_time(1.1)

    async def is_closed() -> bool:
        return await deployment.query("select state from alert") == [("closed",)]

    await until(is_closed)
    record = await _record(deployment)
    log = deployment.log.read_text(encoding="utf-8")
    published, document = await _published(server, alert, ours)
    assert published.infos[0].event_codes == (Named("SAME", "MEP"),)
    for word in MARKS:
        for where in (record, log, document):
            assert word not in where
            assert word.encode().hex() not in where
