"""An update whose server dies between the commit and the answer: its retry gets the answer that was stored."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.support.life.officers import Officers
from tests.support.processes.deployment import CASE
from tests.support.stores.postgres_proxy import postgres_proxy
from tests.support.updates import send_bytes, update_of

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

STORED = "select answer from webhook_receipt where webhook_id = 'msg_update'"


async def test_a_retry_at_another_server_gets_the_answer_that_was_not_given(deployment: Deployment) -> None:
    """Committed, not answered, killed: the other server answers what was stored, and everybody is notified once."""
    await deployment.provider()
    inside = await deployment.people(1000)
    async with postgres_proxy(deployment.database_url) as proxy:
        dying = await deployment.server(QQ_ALERT_DATABASE__URL=proxy.database_url)
        other = await deployment.server()
        _, filed = await deployment.file(dying)
        alert = filed["alert"]["id"]
        await deployment.sent(dying, alert)
        body = update_of(child={**CASE["child"], "clothing": "红色外套"}, guidance="切勿靠近")
        proxy.lose_answer(b"update child_case c set content")
        assert (await send_bytes(deployment, dying, body, "msg_update"))[0] == 503
        dying.end(signal.SIGKILL)
    [(stored,)] = await deployment.query(STORED)
    for _ in range(2):
        assert await send_bytes(deployment, other, body, "msg_update") == (200, stored)
    await Officers(deployment, other).wait_until_notified("update", alert, inside.size)
    assert await deployment.query("select count(*) from notice") == [(2,)]
