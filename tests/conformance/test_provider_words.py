"""What a provider answers is a value of ours: none of its words reach a reason, an alarm or the log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest
import structlog
from aiohttp import web

from push.providers import tpns
from server.simulators.token.exchange import Response
from tests.support.providers.clearances import CLEAR
from tests.support.providers.messages import message_for_tests
from tests.support.providers.scripted_batch import PROTOCOLS, BatchProtocol, scripted_gateway, scripted_server
from tests.support.providers.scripted_token import TOKENS, scripted_apns, scripted_fcm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from push.results import SendResult

CANARY: Final = "zqcanaryqz"
STATUSES: Final = (200, 400, 401, 403, 404, 410, 413, 429, 500, 503)
FIELDS: Final = ("reason", "msg", "message", "err_msg", "desc", "description", "error", "status", "result", "code")


def _bodies() -> Iterator[str]:
    yield CANARY
    yield json.dumps(dict.fromkeys(FIELDS, CANARY))
    yield json.dumps({**dict.fromkeys(FIELDS, CANARY), "code": 77777, "ret_code": 77777, "result": 77777})
    yield json.dumps({"error": {"status": CANARY, "message": CANARY, "details": [{"errorCode": CANARY}]}})
    yield "[" * 50 + CANARY


ANSWERS: Final = [(status, body) for status in STATUSES for body in _bodies()]


def _check(result: SendResult, logs: list[structlog.typing.EventDict]) -> None:
    assert CANARY not in repr(result)
    assert CANARY not in repr(logs)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda one: one.name)
async def test_no_word_of_a_batch_provider_is_kept(protocol: BatchProtocol, tmp_path: Path) -> None:
    """Whatever its status, its body and its headers are."""
    left = iter(ANSWERS)

    def script(_: str) -> web.Response:
        status, body = next(left)
        headers = {"Retry-After": CANARY, f"X-{CANARY}": CANARY}
        return web.Response(status=status, text=body, content_type="application/json", headers=headers)

    with structlog.testing.capture_logs() as logs:
        async with scripted_gateway(protocol, tmp_path, script) as (gateway, _):
            for _number in range(len(ANSWERS) // 2):
                _check(await gateway.send(message_for_tests(), [b"a1", b"b2"], CLEAR), logs)


async def test_no_word_of_tpns_is_kept() -> None:
    """As of the others."""
    left = iter(ANSWERS)

    def script(_: str) -> web.Response:
        status, body = next(left)
        return web.Response(status=status, text=body, content_type="application/json")

    with structlog.testing.capture_logs() as logs:
        async with scripted_server(script) as (url, _):
            gateway = tpns.TpnsGateway(tpns.TpnsSettings(url=url, access_id="a", secret_key="s"))
            for _number in ANSWERS:
                _check(await gateway.send(message_for_tests(), [b"1", b"2"], CLEAR), logs)
            await gateway.close()


@pytest.mark.parametrize(("status", "body"), [one for one in ANSWERS if one[0] in {400, 403, 429, 500}])
async def test_no_word_of_apns_or_fcm_is_kept(status: int, body: str, tmp_path: Path) -> None:
    """Of an answer to one token, which may be about our account."""
    answer = Response(status, body.encode())
    with structlog.testing.capture_logs() as logs:
        async with scripted_apns(answer, tmp_path) as (gateway, _):
            _check(await gateway.send(message_for_tests(), TOKENS, CLEAR), logs)
        async with scripted_fcm(answer, tmp_path) as (fcm_gateway, _):
            _check(await fcm_gateway.send(message_for_tests(), TOKENS, CLEAR), logs)
