"""Gateways of the batch lanes with strict simulated providers, and what they do not reveal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from aiohttp import web

from push.message.content import Text
from push.providers import honor, huawei, oppo, vivo, xiaomi
from push.results import RecipientStatus, RequestStatus
from server.simulators.batch import site as batch_site
from server.simulators.batch.honor import SimulatedHonor, SimulatedHonorSettings
from server.simulators.batch.huawei import SimulatedHuawei, SimulatedHuaweiSettings, account_file
from server.simulators.batch.oppo import SimulatedOppo, SimulatedOppoSettings
from server.simulators.batch.vivo import SimulatedVivo, SimulatedVivoSettings
from server.simulators.batch.xiaomi import SimulatedXiaomi, SimulatedXiaomiSettings
from tests.support.providers.clearances import CLEAR
from tests.support.providers.messages import message_for_tests
from tests.support.providers.scripted_batch import (
    OPPO,
    PROTOCOLS,
    SETUP_ANSWERS,
    VIVO,
    XIAOMI,
    BatchProtocol,
    scripted_gateway,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from push.provider import Gateway
    from server.simulators.batch.site import BatchProvider

LONG = message_for_tests("蓝色校服，书包，" * 200)


def _huawei(url: str, secret: str, folder: Path) -> Gateway:
    file = folder / f"{secret}.json"
    account_file(file, "simulated")
    return huawei.HuaweiGateway(huawei.HuaweiSettings(url=url, service_account_file=file))


OPEN: dict[str, tuple[Callable[[Path], BatchProvider], Callable[[str, str, Path], Gateway]]] = {
    "huawei": (
        lambda folder: SimulatedHuawei(SimulatedHuaweiSettings(service_account_file=folder / "simulated.json")),
        _huawei,
    ),
    "xiaomi": (
        lambda _: SimulatedXiaomi(SimulatedXiaomiSettings()),
        lambda url, secret, _: xiaomi.XiaomiGateway(
            xiaomi.XiaomiSettings(url=url, app_secret=secret, package_name="example.alert", channel_id="1")
        ),
    ),
    "vivo": (
        lambda _: SimulatedVivo(SimulatedVivoSettings()),
        lambda url, secret, _: vivo.VivoGateway(
            vivo.VivoSettings(url=url, app_id="simulated", app_key="simulated", app_secret=secret)
        ),
    ),
    "oppo": (
        lambda _: SimulatedOppo(SimulatedOppoSettings()),
        lambda url, secret, _: oppo.OppoGateway(
            oppo.OppoSettings(url=url, app_key="simulated", master_secret=secret, template_id="7")
        ),
    ),
    "honor": (
        lambda _: SimulatedHonor(SimulatedHonorSettings()),
        lambda url, secret, _: honor.HonorGateway(
            honor.HonorSettings(
                url=url,
                auth_url=f"{url}/auth/token",
                app_id="simulated",
                client_id="simulated",
                client_secret=secret,
            )
        ),
    ),
}


async def _sent(name: str, secret: str, folder: Path, *requests: list[bytes]) -> tuple[BatchProvider, list[Any]]:
    make, open_gateway = OPEN[name]
    provider = make(folder)
    stopping, url = asyncio.Event(), asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        group.create_task(batch_site.serve(provider, batch_site.SimulatedBatchSettings(), stopping, url.set_result))
        gateway = open_gateway(await url, secret, folder)
        answers = [await gateway.send(LONG, request, CLEAR) for request in requests]
        await gateway.close()
        stopping.set()
    return provider, answers


@pytest.mark.parametrize("name", OPEN)
async def test_a_strict_provider_accepts_a_long_message_for_one_and_for_a_thousand(name: str, tmp_path: Path) -> None:
    """Signed, with valid fields, truncated to the provider's limit; each token once."""
    thousand = [b"t%d" % number for number in range(1000)]
    provider, answers = await _sent(name, "simulated", tmp_path, [b"one"], thousand)
    assert [(answer.request_status, answer.statuses) for answer in answers] == [(RequestStatus.ANSWERED, None)] * 2
    assert (len(provider.reached.tokens()), provider.reached.accepted) == (1001, 1001)
    assert not provider.reached.refused


@pytest.mark.parametrize("name", OPEN)
async def test_a_wrong_secret_is_misconfigured_and_sends_nothing(name: str, tmp_path: Path) -> None:
    """The result has the provider's code, and not the secret."""
    provider, (answer,) = await _sent(name, "wrong-secret", tmp_path, [b"a1", b"b2"])
    assert (answer.request_status, answer.statuses) == (RequestStatus.MISCONFIGURED, None)
    assert "wrong-secret" not in answer.reason
    assert not provider.reached.tokens()


def _accepted(_: str) -> web.Response:
    return web.json_response({"code": 0, "result": 0})


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.name)
async def test_malformed_tokens_are_quarantined_and_not_sent(protocol: BatchProtocol, tmp_path: Path) -> None:
    """Each at its position; a batch of only such tokens makes no request at all."""
    async with scripted_gateway(protocol, tmp_path, lambda _: web.Response(status=500)) as (gateway, seen):
        alone = await gateway.send(message_for_tests(), [b'"', b"a b"], CLEAR)
        assert not seen
        mixed = await gateway.send(message_for_tests(), [b"a1", b"bad\n", b"b2"], CLEAR)
    assert (alone.request_status, alone.statuses, alone.asked) == (
        RequestStatus.ANSWERED,
        [RecipientStatus.MALFORMED] * 2,
        False,
    )
    assert mixed.asked
    assert (mixed.request_status, mixed.statuses) == (
        RequestStatus.FAILING,
        [RecipientStatus.RETRY, RecipientStatus.MALFORMED, RecipientStatus.RETRY],
    )


@pytest.mark.parametrize("protocol", [XIAOMI, VIVO, OPPO], ids=lambda protocol: protocol.name)
async def test_a_call_to_action_beyond_the_limit_refuses_this_alert_only(
    protocol: BatchProtocol, tmp_path: Path
) -> None:
    """A phone number is never truncated: nothing is sent, and the lane goes on; a long title is truncated."""
    texts = [
        Text("寻人", "b", "请联系" * 80),
        Text("寻人" * 40, "b", "c"),
        Text("寻人", "b", "请联系" * 80, phone="110"),
    ]
    async with scripted_gateway(protocol, tmp_path, _accepted) as (gateway, seen):
        refused = await gateway.send(msgspec.structs.replace(LONG, text=texts[0]), [b"a1", b"b2"], CLEAR)
        assert not seen
        notified = [
            await gateway.send(msgspec.structs.replace(LONG, text=text), [b"a1", b"b2"], CLEAR) for text in texts[1:]
        ]
    assert (refused.request_status, refused.statuses) == (RequestStatus.ANSWERED, [RecipientStatus.REFUSED] * 2)
    assert [(answer.request_status, answer.statuses) for answer in notified] == [(RequestStatus.ANSWERED, None)] * 2


@pytest.mark.parametrize(("protocol", "code"), [(VIVO, 4242), (OPPO, 31)], ids=["vivo", "oppo"])
async def test_a_message_that_is_no_longer_stored_is_stored_again(
    protocol: BatchProtocol, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recipients are retried with the new one; where the code may mean something else, not at once."""
    if protocol is VIVO:
        await _is_not_stored_again_at_once(code, tmp_path)
    monkeypatch.setattr("push.transport.batch.stored_message.FORGET_S", 0.0)
    codes = [code]
    async with scripted_gateway(
        protocol, tmp_path, lambda _: web.json_response(protocol.answer(codes.pop() if codes else 0))
    ) as (
        gateway,
        seen,
    ):
        message = message_for_tests()
        first = await gateway.send(message, [b"a1", b"b2"], CLEAR)
        second = await gateway.send(message, [b"a1", b"b2"], CLEAR)
    assert (first.request_status, first.statuses) == (RequestStatus.FAILING, None)
    assert second.request_status is RequestStatus.ANSWERED
    stored = [path for path in seen if path in SETUP_ANSWERS and "auth" not in path]
    assert len(stored) == 2


async def _is_not_stored_again_at_once(code: int, folder: Path) -> None:
    async with scripted_gateway(VIVO, folder, lambda _: web.json_response(VIVO.answer(code))) as (gateway, seen):
        message = message_for_tests()
        for _ in range(3):
            assert (await gateway.send(message, [b"a1", b"b2"], CLEAR)).request_status is RequestStatus.FAILING
    assert len([path for path in seen if path in SETUP_ANSWERS and "auth" not in path]) == 1


async def test_an_answer_in_many_pieces_is_read_to_its_end(tmp_path: Path) -> None:
    """A thousand bad tokens are more than one read returns."""
    tokens = [b"%0200d" % number for number in range(1000)]
    bad = {"code": 0, "data": {"bad_regids": b",".join(tokens[1:]).decode()}}
    async with scripted_gateway(XIAOMI, tmp_path, lambda _: web.json_response(bad)) as (gateway, _):
        answer = await gateway.send(message_for_tests(), tokens, CLEAR)
    assert answer.statuses == [RecipientStatus.ACCEPTED] + [RecipientStatus.INVALID] * 999


async def test_many_batches_at_once_ask_for_one_token_and_store_one_message(tmp_path: Path) -> None:
    """Batches that wait meanwhile use the same token and the same stored message."""
    message = message_for_tests()
    async with scripted_gateway(VIVO, tmp_path, _accepted) as (gateway, seen):
        answers = await asyncio.gather(*(gateway.send(message, [b"a1", b"b2"], CLEAR) for _ in range(20)))
    assert {answer.request_status for answer in answers} == {RequestStatus.ANSWERED}
    assert (seen.count("/message/auth"), seen.count("/message/saveListPayload")) == (1, 1)
