"""The tables of the batch lanes, entry by entry: real gateways, and a server that gives the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from push.providers import honor, huawei, oppo, vivo
from push.results import RecipientStatus, RequestStatus
from tests.support.providers.clearances import CLEAR
from tests.support.providers.messages import message_for_tests
from tests.support.providers.scripted_batch import (
    HONOR,
    HUAWEI,
    OPPO,
    PROTOCOLS,
    SETUP_ANSWERS,
    VIVO,
    WITH_ACCESS_TOKENS,
    XIAOMI,
    BatchProtocol,
    scripted_gateway,
)

if TYPE_CHECKING:
    from pathlib import Path

    from push.transport.batch.results import CodeMeaning


TWO = [b"a1", b"b2"]
ENTRIES = [(protocol, code) for protocol in PROTOCOLS for code in protocol.codes if code not in protocol.token_refused]
REFUSALS = [(protocol, code) for protocol in WITH_ACCESS_TOKENS for code in sorted(protocol.token_refused)]
STATUSES = [(HUAWEI, status) for status in huawei.STATUSES] + [(HONOR, status) for status in honor.STATUSES]


def _entry(value: object) -> str:
    return value.name if isinstance(value, BatchProtocol) else str(value)


@pytest.mark.parametrize(("protocol", "code"), ENTRIES, ids=_entry)
async def test_every_code_has_the_result_of_its_table(protocol: BatchProtocol, code: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """Request status, reason, and the status of every recipient."""
    async with scripted_gateway(protocol, tmp_path, lambda _: web.json_response(protocol.answer(code))) as (gateway, _):
        answer = await gateway.send(message_for_tests(), TWO, CLEAR)
    result: CodeMeaning = protocol.codes[code]
    assert answer.request_status is result.request_status
    assert answer.statuses == (None if result.recipient_status is None else [result.recipient_status] * 2)
    assert answer.retry_after_s == result.retry_after_s
    assert result.reason
    assert result.request_status is RequestStatus.ANSWERED or answer.reason == result.reason


@pytest.mark.parametrize(("protocol", "status"), STATUSES, ids=_entry)
async def test_every_http_status_has_the_result_of_its_table(
    protocol: BatchProtocol, status: int, tmp_path: Path
) -> None:
    """The HTTP status counts before any code in the body."""
    table = huawei.STATUSES if protocol is HUAWEI else honor.STATUSES
    async with scripted_gateway(protocol, tmp_path, lambda _: web.Response(status=status)) as (gateway, _):
        answer = await gateway.send(message_for_tests(), TWO, CLEAR)
    assert (answer.request_status, answer.reason) == (table[status].request_status, table[status].reason)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=_entry)
@pytest.mark.parametrize(
    "response",
    [
        (200, b'{"code":"987654321","result":987654321}'),
        (200, b"\x00<html>"),
        (200, b""),
        (200, b"[]"),
        (302, b""),
        (500, b""),
        (502, b"{}"),
    ],
    ids=lambda response: f"{response[0]} {response[1][:20]!r} {len(response[1])}",
)
async def test_an_unknown_answer_is_a_failure_and_never_an_exception(
    protocol: BatchProtocol, response: tuple[int, bytes], tmp_path: Path
) -> None:
    """Unknown codes, no JSON, connection errors: all recipients stay due."""
    status, body = response
    async with scripted_gateway(protocol, tmp_path, lambda _: web.Response(status=status, body=body)) as (gateway, _):
        answer = await gateway.send(message_for_tests(), TWO, CLEAR)
    assert (answer.request_status, answer.statuses) == (RequestStatus.FAILING, None)
    assert answer.indeterminate == (status in {200, 502} and not answer.reason.startswith("an unknown code"))


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=_entry)
@pytest.mark.parametrize(
    "body",
    [
        '{"code":"80000000","result":0,"msg":"成功","data":"成功","taskId":"成功"}'.encode("gbk"),
        '{"code":"成功"}'.encode("gbk"),
        b'{"code":0,"result":0,"data":' + b"[" * 100_000,
        b'{"code":' + b"9" * 5_000 + b"}",
        b'{"code":0,"result":0,"data":{"' + b"1" * 5_000 + b'":["a1"]}}',
    ],
    ids=["GBK", "GBK for a code", "nested without end", "a code without end", "a name without end"],
)
async def test_no_bytes_of_a_provider_end_the_process(protocol: BatchProtocol, body: bytes, tmp_path: Path) -> None:
    """Not UTF-8, nested too deep, numbers too long for Python: a result like any other, or none; all stay due."""
    async with scripted_gateway(protocol, tmp_path, lambda _: web.Response(body=body)) as (gateway, _):
        answer = await gateway.send(message_for_tests(), TWO, CLEAR)
    assert answer.statuses is None
    assert answer.request_status is RequestStatus.ANSWERED or (answer.request_status, answer.reason != "") == (
        RequestStatus.FAILING,
        True,
    )


@pytest.mark.parametrize(("protocol", "code"), REFUSALS, ids=_entry)
async def test_a_refused_access_token_is_renewed_once(protocol: BatchProtocol, code: int, tmp_path: Path) -> None:
    """Refused once: sent with a new token. Refused again: misconfigured, after exactly two attempts."""
    answers = [code]

    def script(_: str) -> web.Response:
        return web.json_response(
            protocol.answer(answers.pop() if answers else 0) if protocol is not HONOR else _honor()
        )

    def _honor() -> dict[str, Any]:
        return {"code": answers.pop() if answers else 200}

    async with scripted_gateway(protocol, tmp_path, script) as (gateway, seen):
        first = await gateway.send(message_for_tests(), TWO, CLEAR)
        answers[:] = [code] * 9
        asked = len(seen)
        second = await gateway.send(message_for_tests(), TWO, CLEAR)
    assert (first.request_status, first.statuses) == (RequestStatus.ANSWERED, None)
    assert (second.request_status, second.statuses) == (RequestStatus.MISCONFIGURED, None)
    sends = [path for path in seen[asked:] if path not in SETUP_ANSWERS]
    assert len(sends) == 2


@pytest.mark.parametrize("protocol", WITH_ACCESS_TOKENS, ids=_entry)
async def test_one_access_token_serves_many_requests(protocol: BatchProtocol, tmp_path: Path) -> None:
    """One request for a token, and one stored message where the provider stores messages."""
    message = message_for_tests()
    accepted = {"code": 0, "result": 0} if protocol is not HONOR else {"code": 200}
    async with scripted_gateway(protocol, tmp_path, lambda _: web.json_response(accepted)) as (gateway, seen):
        for _ in range(3):
            assert (await gateway.send(message, TWO, CLEAR)).request_status is RequestStatus.ANSWERED
    assert all(seen.count(path) == 1 for path in seen if path in SETUP_ANSWERS)
    assert sum(path not in SETUP_ANSWERS for path in seen) == 3


NAMED: list[tuple[BatchProtocol, dict[str, Any], list[RecipientStatus]]] = [
    (XIAOMI, {"code": 0, "data": {"bad_regids": "b2,zz"}}, [RecipientStatus.ACCEPTED, RecipientStatus.INVALID]),
    (XIAOMI, {"code": 0, "data": {"bad_regids": "b2,a1"}}, [RecipientStatus.INVALID, RecipientStatus.INVALID]),
    (
        HUAWEI,
        {"code": "80100000", "msg": '{"illegal_tokens":["a1"]}'},
        [RecipientStatus.INVALID, RecipientStatus.ACCEPTED],
    ),
    (OPPO, {"code": 0, "data": {"10000": ["a1"], "status": "x"}}, [RecipientStatus.INVALID, RecipientStatus.ACCEPTED]),
    (OPPO, {"code": 0, "data": {"19999": ["a1"]}}, [RecipientStatus.REFUSED, RecipientStatus.ACCEPTED]),
    (
        HONOR,
        {"code": 200, "data": {"expireTokens": ["a1"], "failTokens": ["b2"]}},
        [RecipientStatus.INVALID, RecipientStatus.QUARANTINED],
    ),
    (
        HONOR,
        {"code": "80100000", "data": {"expireTokens": ["b2"]}},
        [RecipientStatus.ACCEPTED, RecipientStatus.INVALID],
    ),
    *(
        (
            VIVO,
            {"result": 0, "invalidUsers": [{"status": status, "userid": "b2"}]},
            [RecipientStatus.ACCEPTED, recipient_status],
        )
        for status, recipient_status in [*vivo.STATUSES.items(), (99, RecipientStatus.REFUSED)]
    ),
    *(
        (OPPO, {"code": 0, "data": {str(code): ["b2"]}}, [RecipientStatus.ACCEPTED, recipient_status])
        for code, recipient_status in oppo.ID_CODES.items()
    ),
]


@pytest.mark.parametrize(("protocol", "said", "statuses"), NAMED, ids=_entry)
async def test_an_answer_about_one_token_affects_no_other(
    protocol: BatchProtocol, said: dict[str, Any], statuses: list[RecipientStatus], tmp_path: Path
) -> None:
    """Bad tokens are named; all others are accepted."""
    async with scripted_gateway(protocol, tmp_path, lambda _: web.json_response(said)) as (gateway, _):
        answer = await gateway.send(message_for_tests(), TWO, CLEAR)
    assert (answer.request_status, answer.statuses) == (RequestStatus.ANSWERED, statuses)
