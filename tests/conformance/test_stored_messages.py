"""What vivo and OPPO store: each message once a day, because they limit how many are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from aiohttp import web

from push.message.content import Text
from push.transport.batch.stored_message import KEPT_MAX
from tests.support.providers.clearances import CLEAR
from tests.support.providers.messages import message_for_tests
from tests.support.providers.scripted_batch import OPPO, SETUP_ANSWERS, VIVO, BatchProtocol, scripted_gateway

if TYPE_CHECKING:
    from pathlib import Path

ALERTS: Final = 300


@pytest.mark.parametrize("protocol", [VIVO, OPPO], ids=["vivo", "oppo"])
async def test_hundreds_of_alerts_that_take_turns_store_a_message_each(protocol: BatchProtocol, tmp_path: Path) -> None:
    """Each turn sends what is stored already."""
    assert 2 * ALERTS < KEPT_MAX
    messages = [
        msgspec.structs.replace(message_for_tests(), text=Text(f"寻人 {number}", "b", "c")) for number in range(ALERTS)
    ]
    async with scripted_gateway(protocol, tmp_path, lambda _: web.json_response(protocol.answer(0))) as (gateway, seen):
        for _ in range(2):
            for message in messages:
                await gateway.send(message, [b"a1", b"b2"], CLEAR)
    stored = [path for path in seen if path in SETUP_ANSWERS and "auth" not in path]
    sent = [path for path in seen if path not in SETUP_ANSWERS]
    assert (len(stored), len(sent)) == (ALERTS, 2 * ALERTS)
