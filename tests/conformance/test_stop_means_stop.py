"""No gateway starts a request once its clearance is revoked, or to an address that it does not allow."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from aiohttp import web
from redis import asyncio as aioredis

from push.notice import Status
from push.provider import STOPPED, forbidden
from push.providers import apns, fcm, tpns
from push.results import RecipientStatus, RequestStatus
from push.transport.quota import Quotas
from server.simulators.token.apns import key_in
from server.simulators.token.exchange import Response
from server.simulators.token.fcm import account_in
from tests.support.providers.clearances import TESTING, Granted, Revocable
from tests.support.providers.messages import message_for_tests
from tests.support.providers.scripted_batch import (
    OPPO,
    PROTOCOLS,
    VIVO,
    WITH_ACCESS_TOKENS,
    BatchProtocol,
    scripted_gateway,
    scripted_server,
)
from tests.support.providers.scripted_token import TOKENS, scripted_apns, scripted_fcm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from push.provider import Gateway

TWO = [b"a1", b"b2"]
AT_ONCE_S = 1.0
WAITED_S: Final = 0.2
"""Less than four messages wait for at eight a second, of which two may be made up for."""

NOWHERE = "https://192.0.2.1"
"""An address for documentation (RFC 5737): a connection to it would hang."""

UNASKED: Final = aioredis.Redis(port=9)
"""The Redis of a quota that is never asked."""


def _while(may_send: Callable[[], bool]) -> Granted:
    return Granted(Status.ACTUAL, may_send)


def _accepted(_: str) -> web.Response:
    return web.json_response({"code": 0, "result": 0})


def _tpns(url: str, _: Path) -> Gateway:
    return tpns.TpnsGateway(tpns.TpnsSettings(url=url, access_id="a", secret_key="s"))


def _apns(url: str, folder: Path) -> Gateway:
    key_in(folder / "apns.p8")
    return apns.ApnsGateway(apns.ApnsSettings(url=url, key_file=folder / "apns.p8", key_id="K", team_id="T", topic="t"))


def _fcm(url: str, folder: Path, token_uri: str) -> Gateway:
    account_in(folder, "p")
    account = msgspec.json.decode((folder / "p.json").read_bytes())
    (folder / "p.json").write_bytes(msgspec.json.encode({**account, "token_uri": token_uri}))
    return fcm.FcmGateway(fcm.FcmSettings(url=url, service_account_files=[folder / "p.json"]), Quotas(UNASKED))


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.name)
async def test_a_batch_that_was_stopped_before_is_not_sent(protocol: BatchProtocol, tmp_path: Path) -> None:
    """No access token is requested, and no message stored."""
    async with scripted_gateway(protocol, tmp_path, _accepted) as (gateway, seen):
        assert await gateway.send(message_for_tests(), TWO, _while(lambda: False)) is STOPPED
        assert not seen


@pytest.mark.parametrize("asked", [1, 2])
@pytest.mark.parametrize(
    "open_gateway", [_tpns, *(one.open_gateway for one in PROTOCOLS if one not in WITH_ACCESS_TOKENS)]
)
async def test_a_batch_that_is_stopped_while_it_waits_for_a_connection_is_not_sent(
    open_gateway: Callable[[str, Path], Gateway], asked: int, tmp_path: Path
) -> None:
    """However late the stop: no part of the batch arrives, and the provider is not judged failing."""
    may_send = iter([True] * asked)
    async with scripted_server(_accepted) as (url, seen):
        gateway = open_gateway(url, tmp_path)
        answer = await gateway.send(message_for_tests(), TWO, _while(lambda: next(may_send, False)))
        assert answer is STOPPED
        assert not seen
        assert (await gateway.send(message_for_tests(), TWO, Revocable())).asked
        await gateway.close()
    assert len(seen) == 1


@pytest.mark.parametrize("protocol", WITH_ACCESS_TOKENS, ids=lambda protocol: protocol.name)
async def test_a_batch_that_is_stopped_during_the_request_for_an_access_token_is_not_sent(
    protocol: BatchProtocol, tmp_path: Path
) -> None:
    """The token remains for other batches; no message is stored or sent."""
    async with scripted_gateway(protocol, tmp_path, _accepted) as (gateway, seen):
        assert await gateway.send(message_for_tests(), TWO, _while(lambda: not seen)) is STOPPED
        assert ["auth" in path for path in seen] == [True]


@pytest.mark.parametrize("protocol", [VIVO, OPPO], ids=lambda protocol: protocol.name)
async def test_a_stored_message_is_not_broadcast_once_it_is_stopped(protocol: BatchProtocol, tmp_path: Path) -> None:
    """It remains stored; a batch that may be sent uses it, undelayed by the other's stop."""
    message = message_for_tests()
    async with scripted_gateway(protocol, tmp_path, _accepted) as (gateway, seen):
        assert await gateway.send(message, TWO, _while(lambda: len(seen) < 2)) is STOPPED
        assert len(seen) == 2
        assert (await gateway.send(message, TWO, Revocable())).request_status is RequestStatus.ANSWERED
    assert len(seen) == 3


async def test_a_stop_of_one_batch_is_no_failure_for_others_that_wait_for_the_same_message(tmp_path: Path) -> None:
    """The next batch at once stores the message that a stopped batch may not store."""
    message = message_for_tests()
    may_send = iter([True])
    async with scripted_gateway(VIVO, tmp_path, _accepted) as (gateway, seen):
        stopped = gateway.send(message, TWO, _while(lambda: next(may_send, False)))
        notified = gateway.send(message, TWO, Revocable())
        answers = await asyncio.gather(stopped, notified)
    assert [answer.request_status for answer in answers] == [STOPPED.request_status, RequestStatus.ANSWERED]
    assert len(seen) == 3


async def test_fcm_sends_nothing_when_it_is_stopped_while_it_waits_for_its_pace(tmp_path: Path) -> None:
    """The pace permits the batch only after the stop: nothing is sent, and all recipients are retried."""
    asked_s: list[float] = []

    def is_first() -> bool:
        asked_s.append(asyncio.get_running_loop().time())
        return len(asked_s) == 1

    async with scripted_fcm(Response(200, b"{}"), tmp_path, rate_per_s=8.0) as (gateway, provider):
        tokens = [b"%064x" % number for number in range(4)]
        answer = await gateway.send(message_for_tests(), tokens, _while(is_first))
        assert asked_s[1] - asked_s[0] > WAITED_S
        assert (answer.statuses, answer.asked, provider.sent) == ([RecipientStatus.RETRY] * 4, False, 0)


async def test_fcm_sends_nothing_when_it_is_stopped_during_the_request_for_an_access_token(tmp_path: Path) -> None:
    """The token arrives after the clearance was revoked."""
    async with scripted_fcm(Response(200, b"{}"), tmp_path) as (gateway, provider):
        answer = await gateway.send(message_for_tests(), TOKENS, _while(lambda: not provider.grants))
        assert (answer.statuses, answer.asked) == ([RecipientStatus.RETRY] * 2, False)
        assert (provider.grants, provider.sent) == (1, 0)


async def test_apns_repeats_nothing_with_a_new_token_once_it_is_stopped(tmp_path: Path) -> None:
    """Answered recipients keep their status; those to be repeated with the new token are not sent."""
    expired = Response(403, b'{"reason": "ExpiredProviderToken"}')
    async with scripted_apns(expired, tmp_path) as (gateway, provider):
        clearance = _while(lambda: not provider.sent)
        answer = await gateway.send(message_for_tests(), TOKENS, clearance)
        sent = provider.sent
    assert sent in {1, 2}
    assert answer.statuses is not None
    assert answer.statuses[0] is RecipientStatus.RETRY


@pytest.mark.parametrize(
    "open_gateway", [_tpns, _apns, *(protocol.open_gateway for protocol in PROTOCOLS)], ids=lambda one: one.__name__
)
async def test_a_test_reaches_nobody_beyond_this_machine(
    open_gateway: Callable[[str, Path], Gateway], tmp_path: Path
) -> None:
    """Refused at once: no connection, no request for an access token, and the provider is not judged."""
    async with scripted_server(_accepted) as (url, seen):
        for elsewhere in (NOWHERE, url.replace("127.0.0.1", "localhost")):
            gateway = open_gateway(elsewhere, tmp_path)
            async with asyncio.timeout(AT_ONCE_S):
                answer = await gateway.send(message_for_tests(), TOKENS, TESTING)
            await gateway.close()
            assert (answer.request_status, answer.statuses, answer.asked) == (
                RequestStatus.ANSWERED,
                [RecipientStatus.REFUSED] * 2,
                False,
            )
        assert not seen


async def test_a_test_requests_no_access_token_for_an_fcm_beyond_this_machine(tmp_path: Path) -> None:
    """Not even where this machine would issue the token."""
    async with scripted_server(_accepted) as (url, seen):
        gateway = _fcm(NOWHERE, tmp_path, f"{url}/token")
        async with asyncio.timeout(AT_ONCE_S):
            assert await gateway.send(message_for_tests(), TOKENS, TESTING) == forbidden(2)
        await gateway.close()
        assert not seen
