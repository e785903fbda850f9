"""How a case ended, in CAP: the parameter `qq-alert:outcome` of a Cancel or an Update, and a case that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from handlers.cap.model import MessageType, Named
from handlers.cap.writing import document_of
from tests.support.cap.messages import info, message, pin, post, signer
from tests.support.life.officers import Officers
from tests.support.providers.notified import recording_tpns

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

OUTCOME = "qq-alert:outcome"


@pytest.mark.parametrize("kind", [MessageType.CANCEL, MessageType.UPDATE])
async def test_an_outcome_ends_the_alert_with_its_text(deployment: Deployment, kind: MessageType) -> None:
    """It counts as found, is kept, and the same message again changes nothing; filed again, the case is over."""
    async with recording_tpns(deployment) as tpns:
        inside = await deployment.people(500)
        await pin(deployment)
        server = await deployment.server()
        officers = Officers(deployment, server)
        first = message("SZ-2026-1")
        alert = (await post(server, signer().signed(first)))[1]["alert"]["id"]
        await deployment.sent(server, alert)
        infos = tuple(
            msgspec.structs.replace(info(language, "over"), parameters=(Named(OUTCOME, "deceased"),))
            for language in ("zh-CN", "en")
        )
        last = message("SZ-2026-2", kind, first, infos=infos)
        for _ in range(2):
            status, answer = await post(server, signer().signed(last))
            assert (status, answer["alert"]["state"]) == (200, "found")
        await officers.wait_until_notified("found", alert, inside.size)
        assert tpns.notified.titles == {tpns.notified.first, "寻人已结束"}
        said = await deployment.get(f"{server.url}/v1/alerts/{alert}/outcome")
        assert said["outcome"] == "deceased"
        again = msgspec.structs.replace(first, sent=last.sent)
        status, problem = await post(server, signer().signed(again))
        assert (status, problem["code"], problem["possible"]) == (409, "case_over", ["reopen"])
        assert (await post(server, signer().signed(first)))[0] == 202, "a retry gets the first answer"


async def test_an_outcome_that_is_none_of_the_words_or_of_an_alert_is_refused(deployment: Deployment) -> None:
    """Nothing is stored or changed."""
    await deployment.provider()
    await pin(deployment)
    server = await deployment.server()
    named = msgspec.structs.replace(info("zh-CN", "小明"), parameters=(Named(OUTCOME, "safe"),))
    status, problem = await post(server, signer().signed(message("SZ-2026-1", infos=(named,))))
    assert (status, [one["path"] for one in problem["errors"]]) == (422, ["/alert/info[1]/parameter"])
    first = message("SZ-2026-2")
    alert = (await post(server, signer().signed(first)))[1]["alert"]["id"]
    for values in (("fine",), ("safe", "injured")):
        infos = tuple(
            msgspec.structs.replace(info(language, "over"), parameters=(Named(OUTCOME, value),))
            for language, value in zip(("zh-CN", "en"), values, strict=False)
        )
        cancel = message("SZ-2026-3", MessageType.CANCEL, first, infos=infos)
        assert (await post(server, signer().signed(cancel)))[0] == 422
    unsigned = message("SZ-2026-4", MessageType.CANCEL, first, infos=())
    assert (await post(server, document_of(unsigned)))[0] == 422
    assert await Officers(deployment, server).state(alert) in {"sending", "sent"}
